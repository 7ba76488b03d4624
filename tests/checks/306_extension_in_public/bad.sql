-- fires on: pg_trgm
-- fires on: citext
create extension pg_trgm with schema public;
create extension citext with schema public;
create extension unaccent with schema extensions;
