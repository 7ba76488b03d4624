-- fires on: public.whole
-- fires on: public."Left Over"
create table public.t (id int primary key, n int) partition by range (id);
create table public.t1 partition of public.t for values from (1) to (10);
create index whole on only public.t (n);
create materialized view public.m as select 1 as n;
create unique index "Left Over" on public.m (n);
create index sound on public.m (n);
reset role;
update pg_index set indisvalid = false where indexrelid = 'public."Left Over"'::regclass;
