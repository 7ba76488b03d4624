create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
create function public.t() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp as 'begin return new; end';
