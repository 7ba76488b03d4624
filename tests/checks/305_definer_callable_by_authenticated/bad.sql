-- fires on: public."Odd ""name"""(a integer, VARIADIC b text[])
-- fires on: public.do_it(INOUT n integer)
-- fires on: public.f()
-- fires on: public.users_only()
create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
create function public.users_only() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.users_only from public, anon;
grant execute on function public.users_only to authenticated;
create function public.server_only() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.server_only from public, anon, authenticated;
create function public."Odd ""name"""(a int, variadic b text[]) returns setof text language plpgsql security definer set search_path = '' as 'begin return; end';
create procedure public.do_it(inout n int) language plpgsql security definer set search_path = '' as 'begin n := 1; end';
create function public.fires() returns trigger language plpgsql security definer set search_path = '' as 'begin return new; end';
