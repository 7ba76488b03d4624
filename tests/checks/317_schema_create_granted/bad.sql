-- fires on: api
-- fires on: "Open Space"
create schema api;
grant create on schema api to authenticated;
create schema "Open Space";
grant create, usage on schema "Open Space" to public;
