-- fires on: public.t (select)
-- fires on: public.u (insert)
-- fires on: public.u (select)
-- fires on: public.w (delete)
create table public.t (id int, owner_id uuid, open boolean);
alter table public.t enable row level security;
create policy everybody on public.t for select using (open);
create policy users on public.t for select to authenticated using (owner_id = (select auth.uid()));
create table public.u (id int, owner_id uuid);
alter table public.u enable row level security;
create policy "all of it" on public.u to authenticated using (owner_id = (select auth.uid()));
create policy adds on public.u for insert to authenticated with check (id > 0);
create policy reads on public.u for select to authenticated using (id > 0);
create table public.w (id int);
alter table public.w enable row level security;
create role reviewer;
create policy one on public.w for delete to reviewer using (id > 0);
create policy two on public.w for delete to reviewer using (id < 0);
