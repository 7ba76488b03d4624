-- fires on: public."Parted's"
-- fires on: public.leaf
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
create table public."Parted's" (id int, day date) partition by range (day);
create table public.leaf partition of public."Parted's" for values from ('2026-01-01') to ('2027-01-01');
create policy "on ""root""" on public."Parted's" for select using (id > 0);
create policy restrict on public.leaf as restrictive using (id > 0);
