-- fires on: public.empty
-- fires on: public.totals
-- fires on: public."Top 10"
create materialized view public.totals as select 1 as n;
create materialized view public."Top 10" as select 1 as n;
revoke all on public."Top 10" from anon, authenticated;
grant select (n) on public."Top 10" to anon;
create schema private;
create materialized view private.hidden as select 1 as n;
create materialized view public.empty as select 1 as n with no data;
revoke all on public.empty from anon, authenticated;
grant select on public.empty to public;
