-- fires on: public.v
-- fires on: public."V 2"
-- fires on: public.turned_off
-- fires on: public.one_column
create table public.t (id int, n int);
create view public.v as select * from public.t;
create view public."V 2" with (security_barrier) as select * from public.v;
create view public.turned_off with (security_invoker = false) as select * from public.t;
create view public.one_column as select * from public.t;
revoke all on public.one_column from anon, authenticated;
grant select (id) on public.one_column to authenticated;
