create schema api;
grant usage on schema api to anon, authenticated;
