create table public.t (id int);
alter table public.t enable row level security;
create policy app on public.t for select to authenticated
  using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'admin');
create table public.user_metadata_log (my_user_metadata_id int);
alter table public.user_metadata_log enable row level security;
create policy p on public.user_metadata_log for select to authenticated using (my_user_metadata_id > 0);
