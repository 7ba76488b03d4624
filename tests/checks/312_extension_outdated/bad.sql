-- fires on: hstore
-- fires on: pg_trgm
create extension hstore with schema extensions version '1.4';
create extension pg_trgm with schema extensions version '1.3';
