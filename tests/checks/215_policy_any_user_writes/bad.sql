-- fires on: public.t (adds)
-- fires on: public.t (changes)
-- fires on: public."T" (deletes)
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy adds on public.t for insert with check (auth.role() = 'authenticated');
create policy changes on public.t for update to authenticated
  using (owner_id = (select auth.uid())) with check ((select auth.uid()) is not null);
create table public."T" (id int);
alter table public."T" enable row level security;
create policy deletes on public."T" for delete using (auth.uid() is not null);
