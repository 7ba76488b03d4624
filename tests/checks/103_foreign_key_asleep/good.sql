create table public.a (id int primary key);
create table public.b (a int references public.a);
alter table public.b disable trigger user;
alter table public.b enable trigger user;
reset role;
alter table public.b disable trigger all;
alter table public.b enable trigger all;
