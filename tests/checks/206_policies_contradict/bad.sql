-- fires on: public.t (reads) for select
-- fires on: public.t (writes) for insert
-- fires on: public.u (open_only) for select
-- fires on: public.u (open_only) for delete
-- fires on: public.u (open_only) for insert
-- fires on: public.u (open_only) for update
create table public.t (id int, state text, "Kind" text);
alter table public.t enable row level security;
create policy reads on public.t for select to authenticated using (state = 'published');
create policy limits on public.t as restrictive for select using (state = 'it''s a draft');
create policy writes on public.t for insert to authenticated with check (id > 0);
create policy never on public.t as restrictive for insert to authenticated with check (false);
create policy unrelated on public.t for delete to authenticated using ("Kind" = 'x');
create policy other_column on public.t as restrictive for delete to authenticated using (state = 'y');
create table public.u (id int, open boolean);
alter table public.u enable row level security;
create policy open_only on public.u to anon using (open);
create policy closed_only on public.u as restrictive to anon using (not open);
