create table public.t (id int primary key);
create table public.p (id int primary key) partition by list (id);
create table public.p1 partition of public.p for values in (1);
create temp table scratch (n int);
