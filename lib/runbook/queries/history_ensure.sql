-- The table as the Supabase CLI makes it; hosted projects have more columns, which stay as they are.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version    text primary key,
    statements text[],
    name       text
);
