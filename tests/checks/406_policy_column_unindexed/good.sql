create table public.t (id int, owner_id uuid);
create index on public.t (owner_id);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create table public.members (team int, user_id uuid);
create policy adds on public.members for insert to authenticated with check (user_id = (select auth.uid()));
create table public.profiles (id uuid primary key);
create policy self on public.profiles for select to authenticated using ((select auth.uid()) = id);
