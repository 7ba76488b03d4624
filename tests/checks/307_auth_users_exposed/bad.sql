-- fires on: public.people
-- fires on: public.above
-- fires on: public.frozen
-- fires on: other.through
create view public.people as select id, email from auth.users;
create view public.above as select p.email from public.people p;
revoke all on public.people from anon;
create materialized view public.frozen as select count(*) from auth.users;
create schema other;
grant usage on schema other to authenticated;
create view other.through as select id from auth.users where email is not null;
grant select on other.through to authenticated;
