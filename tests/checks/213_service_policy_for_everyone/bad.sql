-- fires on: public.t ("Service role can manage all")
-- fires on: public.t (service_role_insert)
-- fires on: private.u ("Enable access for SERVICE KEY")
create table public.t (id int);
alter table public.t enable row level security;
create policy "Service role can manage all" on public.t using (true) with check (true);
create policy service_role_insert on public.t for insert to anon, authenticated with check (id > 0);
create schema private;
create table private.u (id int);
alter table private.u enable row level security;
create policy "Enable access for SERVICE KEY" on private.u for delete using (true);
