-- fires on: public.t
-- fires on: public."Half Empty"
create table public.t (id int, note text);
insert into public.t select n, repeat('x', 100) from generate_series(1, 3000) n;
delete from public.t where id % 10 <> 0;
analyze public.t;
create table public."Half Empty" (id int, note text);
insert into public."Half Empty" select n, repeat('x', 100) from generate_series(1, 3000) n;
delete from public."Half Empty" where id % 3 <> 0;
analyze public."Half Empty";
create table public.small (id int);
insert into public.small select n from generate_series(1, 300) n;
delete from public.small;
analyze public.small;
set local runbook.min_bloat_pages = 10;
