create table public.a (id int primary key);
create table public.b (a int);
alter table public.b add foreign key (a) references public.a not valid;
alter table public.b validate constraint b_a_fkey;
create table public.c (id int, a int references public.a) partition by list (id);
create table public.c1 partition of public.c for values in (1);
