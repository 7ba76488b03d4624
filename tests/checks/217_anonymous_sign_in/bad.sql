-- fires on: public.t (everybody)
-- fires on: public.t (adds)
-- fires on: public."U" (all_users)
insert into auth.users (id, is_anonymous) values (gen_random_uuid(), true);
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy everybody on public.t for select using (true);
create policy adds on public.t for insert to authenticated with check (id > 0);
create table public."U" (id int);
alter table public."U" enable row level security;
create policy all_users on public."U" to authenticated using (auth.role() = 'authenticated');
