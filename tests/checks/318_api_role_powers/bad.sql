-- fires on: anon
-- fires on: authenticated
create role staff;
grant staff to authenticated;
reset role;
alter role anon bypassrls createdb;
