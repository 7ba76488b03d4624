-- The one role of an embedded server for plain PostgreSQL: who migrations run as.
--
-- Runs as the bootstrap superuser. `postgres` is no superuser, as on a managed server; it owns the
-- databases, may create roles, and passes no row-level security but that of its own tables.

create role postgres with login nosuperuser createdb createrole replication;

grant pg_monitor, pg_signal_backend, pg_read_all_data, pg_create_subscription to postgres
  with admin true;
