create materialized view public.totals as select 1 as n;
revoke all on public.totals from anon, authenticated;
