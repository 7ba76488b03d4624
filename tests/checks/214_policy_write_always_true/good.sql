create table public.t (id int, owner_id uuid, open boolean);
alter table public.t enable row level security;
create policy reads on public.t for select using (true);
create policy adds on public.t for insert to authenticated with check (owner_id = (select auth.uid()));
create policy server on public.t to service_role using (true) with check (true);
create policy changes on public.t for update to authenticated
  using (owner_id = (select auth.uid()) and (open or true));
create policy strict on public.t as restrictive for delete to authenticated using (true);
