-- fires on: public.f()
-- fires on: public.t()
-- fires on: private.odd(public."Weird, type")
create function public.f() returns int language sql security definer as 'select 1';
create function public.t() returns trigger language plpgsql security definer as 'begin return new; end';
create schema private;
create type public."Weird, type" as (a int);
create function private.odd(public."Weird, type") returns int language sql security definer
  set statement_timeout = '1s' as 'select 1';
