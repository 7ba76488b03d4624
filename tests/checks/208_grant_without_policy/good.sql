create table public.t (id int);
alter table public.t enable row level security;
revoke all on public.t from anon, authenticated;
grant select on public.t to anon, authenticated;
grant insert (id) on public.t to authenticated;
create policy reads on public.t for select using (id > 0);
create policy adds on public.t for insert to authenticated with check (id > 0);
