-- The same keys with their parents in place; nulls are no orphans, nor is a partly null simple key.
create table public.parents (a int, b text collate "C", primary key (a, b));
create table public.children (id int primary key, a int, b text, foreign key (a, b) references public.parents);
insert into public.parents values (1, 'x');
insert into public.children values (1, 1, 'x'), (2, null, null), (3, 7, null);
create table public."Odd ""Name""" (id int primary key, up int references public."Odd ""Name""" (id));
insert into public."Odd ""Name""" values (1, null), (2, 1);
create table public.measures (id int, day date, parent int references public."Odd ""Name""")
  partition by range (day);
create table public.measures_2026 partition of public.measures for values from ('2026-01-01') to ('2027-01-01');
insert into public.measures values (1, '2026-05-01', 2);
