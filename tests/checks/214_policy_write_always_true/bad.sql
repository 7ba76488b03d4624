-- fires on: public.t (adds)
-- fires on: public.t (hands_over)
-- fires on: public.t (deletes)
-- fires on: public.t (wide)
-- fires on: public.t (same)
-- fires on: public.t (or_true)
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy adds on public.t for insert to anon with check (true);
create policy hands_over on public.t for update to authenticated
  using (owner_id = (select auth.uid())) with check (true);
create policy deletes on public.t for delete to authenticated using (1 = 1);
create policy wide on public.t using (true);
create policy same on public.t for update to authenticated using (id = id);
create policy or_true on public.t for delete to authenticated using (owner_id = (select auth.uid()) or true);
