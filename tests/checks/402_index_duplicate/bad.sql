-- fires on: public.second
-- fires on: public.pk_twin
-- fires on: public.expr_2
-- fires on: public.partial_1
-- fires on: public.parted_2
-- fires on: public.on_matview_2
create table public.t (id int primary key, a int, b text);
create index first on public.t (a, b);
create index second on public.t (a, b);
create unique index pk_twin on public.t (id);
create index expr_1 on public.t (lower(b));
create index expr_2 on public.t (lower(b));
create index partial_1 on public.t (a) where b = 'x';
create index "Partial 2" on public.t (a) where b = 'x';
create table public.p (a int) partition by list (a);
create table public.p1 partition of public.p for values in (1);
create index parted_1 on public.p (a);
create index parted_2 on public.p (a);
create materialized view public.m as select 1 as n;
create index on_matview_1 on public.m (n);
create index on_matview_2 on public.m (n);
