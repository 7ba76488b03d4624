-- What a session holds that a rollback does not take back.
select current_user,
       (select count(*) from pg_catalog.pg_locks
         where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()),
       (select count(*) from pg_catalog.pg_prepared_statements where from_sql);
