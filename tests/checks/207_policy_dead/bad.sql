-- fires on: public.t (blind)
-- fires on: public.t (lonely)
-- fires on: public.u (ungranted)
create table public.t (id int);
alter table public.t enable row level security;
create policy blind on public.t for update to authenticated using (id > 0);
create policy lonely on public.t as restrictive for delete to authenticated using (id > 0);
create policy nobody on public.t for select to anon using (false);
create table public.u (id int);
alter table public.u enable row level security;
revoke all on public.u from anon, authenticated;
grant select on public.u to authenticated;
create policy reads on public.u for select to authenticated using (id > 0);
create policy ungranted on public.u for insert to authenticated with check (id > 0);
