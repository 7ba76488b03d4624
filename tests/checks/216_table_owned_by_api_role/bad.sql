-- fires on: public.t
-- fires on: public.v
-- fires on: public.f(n integer)
create table public.t (id int);
create view public.v as select 1 as one;
create function public.f(n int) returns int language sql set search_path = '' as 'select n';
create table public.mine (id int);
reset role;
grant create on schema public to anon, authenticated;
alter table public.t owner to authenticated;
alter view public.v owner to anon;
alter function public.f(int) owner to authenticated;
