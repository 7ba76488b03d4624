-- fires on: public.b (b_a_fkey)
-- fires on: public.c (c_a_fkey)
-- fires on: public.d (d_a_fkey)
-- fires on: public.e (e_z_fkey)
create table public.a (id int primary key);
create table public.z (id int primary key);
create table public.b (a int references public.a);
create table public.c (a int references public.a);
create table public.d (id int, a int references public.a) partition by list (id);
create table public.d1 partition of public.d for values in (1);
create table public.e (z int references public.z);
create table public.fine (z int references public.z on delete cascade);
alter table public.fine drop constraint fine_z_fkey;
alter table public.fine add constraint fine_z_fkey foreign key (z) references public.z;
create table public.y (id int primary key);
create table public.untouched (y int references public.y);
reset role;
alter table public.b disable trigger all;
alter table public.d1 disable trigger all;
do $$
declare name text;
begin
  -- only one of the four, and only on replicas
  select tgname into name from pg_trigger where tgrelid = 'public.c'::regclass order by tgname limit 1;
  execute format('alter table public.c enable replica trigger %I', name);
  select tgname into name
  from pg_trigger t join pg_constraint c on c.oid = t.tgconstraint
  where t.tgrelid = 'public.z'::regclass and c.conname = 'e_z_fkey' order by tgname limit 1;
  execute format('alter table public.z disable trigger %I', name);
end $$;
