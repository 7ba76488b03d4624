create function public.f() returns int language sql set search_path = '' as 'select 1';
create function public.g() returns trigger language plpgsql set search_path to public, pg_temp as 'begin return new; end';
create procedure public.p() language sql set search_path = pg_catalog as '';
