-- fires on: public.f()
-- fires on: public.g()
-- fires on: public.h(n integer)
-- fires on: public.i()
create table public.t (id int);
alter table public.t enable row level security;
create table public."Odd.Name" (id int);
alter table public."Odd.Name" enable row level security;
create function public.f() returns bigint language sql security definer set search_path = ''
  as 'SELECT count(*) FROM ONLY Public.T';
create function public.g() returns bigint language plpgsql security definer set search_path = public
  as $$ begin return (select count(*) from "Odd.Name"); end $$;
create function public.h(n int) returns void language sql security definer
  begin atomic; delete from public.t where id = n; end;
create function public.i() returns void language plpgsql security definer set search_path = ''
  as $$ begin update public.t set id = 1; end $$;
create function public.other_schema() returns bigint language plpgsql security definer set search_path = ''
  as $$ begin return (select count(*) from nowhere.t); end $$;
