create table public.t (id int, owner_id uuid, email text, org text);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create policy org on public.t for update to authenticated
  using (org = (select auth.jwt() -> 'app_metadata' ->> 'org'))
  with check (lower(email) = (select lower(auth.email())));
create policy headers on public.t for select to anon
  using (org = (select current_setting('request.headers', true)::json ->> 'x-org'));
create policy deletes on public.t for delete to authenticated
  using ((select coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000')) = owner_id);
