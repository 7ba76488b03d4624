create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy owners on public.t for update to authenticated using (owner_id = (select auth.uid()));
create policy admins on public.t for delete to authenticated
  using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'admin');
create policy adds on public.t for insert to authenticated with check (id > 0 and (select auth.uid()) is not null);
