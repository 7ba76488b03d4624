-- fires on: public.t
-- fires on: public."Café's"
-- fires on: public.unique_only
-- fires on: private.p
create table public.t (id int);
create table public."Café's" (id int);
create table public.unique_only (id int unique);
create schema private;
create table private.p (id int) partition by list (id);
create table private.p1 partition of private.p for values in (1);
