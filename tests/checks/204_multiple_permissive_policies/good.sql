create table public.t (id int, owner_id uuid, open boolean);
alter table public.t enable row level security;
create policy visitors on public.t for select to anon using (open);
create policy users on public.t for select to authenticated using (open or owner_id = (select auth.uid()));
create policy writes on public.t for insert to authenticated with check (owner_id = (select auth.uid()));
create policy narrow on public.t as restrictive for select to authenticated using (id > 0);
