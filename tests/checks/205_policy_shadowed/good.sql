create table public.t (id int, owner_id uuid, open boolean);
alter table public.t enable row level security;
create policy visitors on public.t for select to anon using (true);
create policy users on public.t for select to authenticated using (owner_id = (select auth.uid()));
create policy drafts on public.t for update to authenticated using (not open) with check (true);
