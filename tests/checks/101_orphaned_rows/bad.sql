-- fires on: public.children (children_a_b_fkey)
-- fires on: public."Odd ""Name""" ("Odd ""Name""_up_fkey")
-- fires on: public.measures (measures_parent_fkey)
-- fires on: public.full_match (full_match_a_b_fkey)
-- fires on: public.bookings (bookings_room_during_fkey)
-- fires on: public.late (late_parent_fkey)
create table public.parents (a int, b text collate "C", primary key (a, b));
create table public.children (id int primary key, a int, b text, foreign key (a, b) references public.parents);
create table public."Odd ""Name""" (id int primary key, up int references public."Odd ""Name""" (id));
create table public.measures (id int, day date, parent int references public."Odd ""Name""")
  partition by range (day);
create table public.measures_2026 partition of public.measures for values from ('2026-01-01') to ('2027-01-01');
create table public.full_match (a int, b text, foreign key (a, b) references public.parents match full);
create extension btree_gist with schema extensions;
create table public.rooms (
  id int, during daterange, primary key (id, during without overlaps)
);
create table public.bookings (
  room int, during daterange,
  foreign key (room, period during) references public.rooms (id, period during)
);
create table public.late (parent int);
insert into public.late values (99);
alter table public.late add foreign key (parent) references public."Odd ""Name""" not valid;
reset role;
-- What a restore with triggers switched off leaves behind: the keys still say that they are valid.
set local session_replication_role = replica;
insert into public.children values (1, 7, 'nobody');
insert into public."Odd ""Name""" values (1, 5);
insert into public.measures values (1, '2026-05-01', 44);
insert into public.full_match values (1, null);
insert into public.rooms values (1, '[2026-01-01,2026-02-01)');
insert into public.bookings values (1, '[2026-01-15,2026-03-01)');
