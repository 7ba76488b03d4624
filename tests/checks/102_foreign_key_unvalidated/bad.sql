-- fires on: public.b (b_a_fkey)
-- fires on: public.c (relaxed)
-- fires on: "Weird.Schema"."T;" ("fk,1")
create table public.a (id int primary key);
create table public.b (a int);
alter table public.b add foreign key (a) references public.a not valid;
create table public.c (a int, constraint relaxed foreign key (a) references public.a not enforced);
create schema "Weird.Schema";
create table "Weird.Schema"."T;" (a int);
alter table "Weird.Schema"."T;" add constraint "fk,1" foreign key (a) references public.a not valid;
