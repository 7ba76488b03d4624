-- fires on: public.f()
-- fires on: public.f(a integer, b text)
-- fires on: public."Fn"(numeric)
-- fires on: public.p()
-- fires on: private.other_setting()
create function public.f() returns int language sql as 'select 1';
create function public.f(a int, b text) returns int language plpgsql as 'begin return 1; end';
create function public."Fn"(numeric) returns int language plpgsql as 'begin return 1; end';
create procedure public.p() language sql as '';
create schema private;
create function private.other_setting() returns int language sql set work_mem = '4MB' as 'select 1';
create function private.definers_are_another_check() returns int language sql security definer as 'select 1';
