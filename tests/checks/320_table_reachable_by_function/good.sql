create table public.t (id int);
alter table public.t enable row level security;
create function public.f() returns int language sql security definer set search_path = ''
  as 'select 1 -- from public.t';
create function public.g() returns int language sql set search_path = '' as 'select count(*)::int from public.t';
create function public.h() returns bigint language sql security definer set search_path = ''
  as 'select count(*) from public.t';
revoke execute on function public.h from public, anon;
create table public.plain (id int);
create function public.i() returns bigint language sql security definer set search_path = ''
  as 'select count(*) from public.plain';
