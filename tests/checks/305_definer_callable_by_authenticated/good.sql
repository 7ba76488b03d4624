create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.f from public, anon, authenticated;
create function public.for_visitors() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.for_visitors from public, authenticated;
