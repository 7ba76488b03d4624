-- fires on: public.t.f
-- fires on: public.t."List"
-- fires on: public.t.lang
-- fires on: public.t.deep
-- fires on: public.m.n
create domain public.search_language as regconfig;
create type public.pair as (a int, op regoperator);
create type public.nested as (p public.pair[]);
create table public.t (f regproc, "List" regnamespace[], lang public.search_language, deep public.nested, fine regclass);
create materialized view public.m as select 'public'::regnamespace as n;
