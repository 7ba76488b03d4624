-- fires on: public.t (owners)
-- fires on: public.t (inside)
-- fires on: public.t (settings)
-- fires on: public.t (half)
create table public.m (team int, user_id uuid);
create table public.t (id int, owner_id uuid, team int, org text);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (auth.uid() = owner_id);
create policy inside on public.t for update to authenticated
  using (exists (select 1 from public.m where m.team = t.team and m.user_id = auth.uid()));
create policy settings on public.t for insert to anon with check (org = current_setting('app.org', true));
create policy half on public.t for delete to authenticated
  using (owner_id = (select auth.uid()) or auth.role() = 'admin');
