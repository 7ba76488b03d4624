-- fires on: public.t (by_role)
-- fires on: public.t (by_check)
-- fires on: public.u (by_table)
-- fires on: storage.objects (files)
create table public.t (id int);
alter table public.t enable row level security;
create policy by_role on public.t for select to authenticated
  using ((select auth.jwt() -> 'user_metadata' ->> 'role') = 'admin');
create policy by_check on public.t for insert to authenticated
  with check (((current_setting('request.jwt.claims', true))::jsonb #>> '{user_metadata,org}') = 'x');
create table public.u (id uuid);
alter table public.u enable row level security;
create policy by_table on public.u for select to authenticated
  using (exists (select from auth.users au where au.id = u.id and au.raw_user_meta_data ->> 'vip' = 'true'));
create policy files on storage.objects for select to authenticated
  using (bucket_id = (select auth.jwt() -> 'user_metadata' ->> 'bucket'));
