create table public.t (id int);
alter table public.t enable row level security;
create schema private;
create table private.t (id int);
create temp table scratch (id int);
