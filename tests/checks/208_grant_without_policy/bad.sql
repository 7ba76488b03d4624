-- fires on: public.t to anon
-- fires on: public.t to authenticated
-- fires on: public.u to anon
create table public.t (id int);
alter table public.t enable row level security;
grant select, insert, update, delete on public.t to anon, authenticated;
create policy reads on public.t for select to authenticated using (id > 0);
create table public.u (id int, n int);
alter table public.u enable row level security;
revoke all on public.u from anon, authenticated;
grant update (n) on public.u to anon;
create policy limits on public.u as restrictive for update to anon using (id > 0);
