-- fires on: public.f()
-- fires on: public.only_from_anon(id uuid)
-- fires on: public.p()
create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function public.f from anon;
grant execute on function public.f to public;
create function public.only_from_anon(id uuid) returns int language plpgsql security definer
  set search_path = '' as 'begin return 1; end';
revoke execute on function public.only_from_anon from public;
grant execute on function public.only_from_anon to anon;
create procedure public.p() language sql security definer set search_path = '' as '';
