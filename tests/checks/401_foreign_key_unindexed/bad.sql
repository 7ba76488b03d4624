-- fires on: public.b (b_x_y_fkey)
-- fires on: public.c (c_one_fkey)
-- fires on: public.d (d_one_fkey)
-- fires on: public.e (e_one_fkey)
-- fires on: public.f (f_one_fkey)
-- fires on: public."G" ("up & down")
create table public.a (x int, y int, primary key (x, y));
create table public.b (x int, y int, z int, foreign key (x, y) references public.a);
create index on public.b (x, z, y);
create table public.one (id int primary key);
create table public.c (one int references public.one, open boolean);
create index on public.c (one) where open;
create table public.d (one int references public.one);
create index on public.d using brin (one);
create table public.e (id int, one int references public.one) partition by list (id);
create table public.e1 partition of public.e for values in (1);
create index on public.e1 (one);
create table public.f (one int references public.one);
create index on public.f ((one + 1));
create table public."G" (id int primary key, "Up" int, constraint "up & down" foreign key ("Up") references public."G");
