-- fires on: public.t
-- fires on: private.u
create table public.t (id int);
create policy p on public.t for select to authenticated using (id > 0);
create policy q on public.t for insert to authenticated with check (id > 0);
create schema private;
create table private.u (id int);
create policy p on private.u using (false);
alter table private.u enable row level security;
alter table private.u disable row level security;
