-- fires on: public.t
-- fires on: public."UPPER"
-- fires on: public.parted
-- fires on: public.parted_1
-- fires on: public.child
create table public.t (id int);
create table public."UPPER" (id int);
create table public.parted (id int) partition by list (id);
create table public.parted_1 partition of public.parted for values in (1);
create table public.guarded (id int);
alter table public.guarded enable row level security;
create table public.child () inherits (public.guarded);
