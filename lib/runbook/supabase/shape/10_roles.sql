-- The cluster's roles, as a hosted Supabase project has them.
--
-- Runs as the bootstrap superuser supabase_admin. `postgres`, the role migrations run as, is no
-- superuser: what only a superuser may do fails here as it fails there.

create role postgres with login nosuperuser createdb createrole replication bypassrls;

create role anon with nologin noinherit;
create role authenticated with nologin noinherit;
create role service_role with nologin noinherit bypassrls;
create role authenticator with login noinherit;

create role supabase_auth_admin with login noinherit createrole;
create role supabase_storage_admin with login noinherit createrole;
create role supabase_realtime_admin with nologin noinherit;
create role supabase_functions_admin with login noinherit createrole;
create role supabase_replication_admin with login replication;
create role supabase_read_only_user with login bypassrls;
create role supabase_etl_admin with login replication;
create role dashboard_user with nologin createdb createrole replication;
create role pgbouncer with login;

-- PostgREST logs in as authenticator and becomes one of these three for each request.
grant anon, authenticated, service_role to authenticator with inherit false, set true;
grant anon, authenticated, service_role, authenticator to postgres
  with admin true, inherit true, set true;

grant pg_monitor, pg_signal_backend, pg_read_all_data, pg_create_subscription to postgres
  with admin true;
grant pg_read_all_data to supabase_read_only_user;
grant anon, authenticated, service_role to supabase_storage_admin, supabase_realtime_admin;

-- On Supabase the supautils library lets postgres make policies on storage's and realtime's
-- tables and drop its own triggers on auth's. PostgreSQL asks for ownership there, so postgres
-- inherits it; the event triggers of 90_guard.sql take back what Supabase withholds.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres
  with inherit true, set false;

alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_storage_admin set search_path = storage;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- Settings of others that Supabase lets postgres store with `alter role … set`.
grant set on parameter
  pgrst.db_schemas, pgrst.db_extra_search_path, pgrst.db_max_rows, pgrst.db_pre_request,
  pgrst.db_anon_role, pgrst.db_aggregates_enabled, pgrst.db_plan_enabled, pgrst.db_tx_end,
  pgrst.db_pool, pgrst.jwt_secret, pgrst.jwt_aud, pgrst.openapi_mode, pgrst.server_cors_allowed_origins,
  session_replication_role, log_min_duration_statement, log_lock_waits, track_io_timing,
  wal_compression, pg_stat_statements.track, pg_stat_statements.track_utility, pgaudit.log
to postgres;
