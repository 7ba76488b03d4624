insert into auth.users (id, is_anonymous) values (gen_random_uuid(), true), (gen_random_uuid(), false);
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create policy members on public.t for update to authenticated
  using ((select (auth.jwt() ->> 'is_anonymous')::boolean) is false);
create policy visitors on public.t for select to anon using (true);
create policy nobody on public.t for delete to authenticated using (false);
create function public.is_member() returns boolean language sql stable set search_path = '' as 'select false';
create policy by_function on public.t for insert to authenticated with check (public.is_member());
