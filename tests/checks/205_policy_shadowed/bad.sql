-- fires on: public.t (owners) for select
-- fires on: public.t (again) for delete
-- fires on: public.u (own) for insert
-- fires on: public.u (own) for update
-- fires on: public.w ("Own rows") for select
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy everybody on public.t for select using (true);
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create policy a_delete on public.t for delete to authenticated using (id > 0);
create policy again on public.t for delete to authenticated using (id > 0);
create table public.u (id int, owner_id uuid);
alter table public.u enable row level security;
create policy anything on public.u for insert to authenticated with check (1 = 1);
create policy change on public.u for update to authenticated using (true);
create policy own on public.u to authenticated using (owner_id = (select auth.uid()));
create table public.w (id int, open boolean);
alter table public.w enable row level security;
create policy "Read" on public.w for select to anon using (open or true);
create policy "Own rows" on public.w for select to anon using (open);
