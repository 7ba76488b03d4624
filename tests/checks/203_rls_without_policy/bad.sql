-- fires on: public."Dropped"
-- fires on: public.heir
-- fires on: public.t
-- fires on: public.forced
create table public.t (id int);
alter table public.t enable row level security;
revoke all on public.t from authenticated;
create table public.forced (id int);
alter table public.forced enable row level security;
alter table public.forced force row level security;
create table public."Dropped" (id int);
alter table public."Dropped" enable row level security;
create policy gone on public."Dropped" using (true);
drop policy gone on public."Dropped";
create table public.heir () inherits (public.forced);
alter table public.heir enable row level security;
