create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.f from public, anon;
create function public.t() returns trigger language plpgsql security definer
  set search_path = '' as 'begin return new; end';
create function public.as_caller() returns int language sql set search_path = '' as 'select 1';
create schema private;
create function private.f() returns int language sql security definer set search_path = '' as 'select 1';
