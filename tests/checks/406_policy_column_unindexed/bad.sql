-- fires on: public.t.owner_id
-- fires on: public.u."Owner"
-- fires on: public.w.author
create table public.t (id int, owner_id uuid);
create index on public.t (id, owner_id);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create policy again on public.t for update to authenticated using (owner_id = (select auth.uid()) and id > 0);
create table public.u ("Owner" uuid);
create policy owners on public.u for delete to authenticated using ((select auth.uid()) = "Owner");
create table public.w (author uuid);
create policy authors on public.w to authenticated using (auth.uid() = author);
