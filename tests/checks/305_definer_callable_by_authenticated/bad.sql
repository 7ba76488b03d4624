-- fires on: public.f()
-- fires on: public.users_only()
create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
create function public.users_only() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.users_only from public, anon;
grant execute on function public.users_only to authenticated;
create function public.server_only() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.server_only from public, anon, authenticated;
