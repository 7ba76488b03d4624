-- Which other sessions of this database hold a lock that others may queue behind, on what, since when?
-- Weaker locks than these stop nobody but DDL; the runner's advisory lock has a question of its own.
select a.pid,
       a.usename::text                                                        as role,
       nullif(a.application_name, '')                                         as application,
       a.state,
       extract(epoch from clock_timestamp() - a.xact_start)::float8           as open_for_s,
       string_agg(distinct l.mode || ' on ' || l.relation::regclass::text, ', ') as locks
from pg_catalog.pg_locks l
join pg_catalog.pg_stat_activity a on a.pid = l.pid
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.locktype = 'relation'
  and l.granted
  and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
  and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                 'AccessExclusiveLock')
  and n.nspname !~ '^pg_'
  and a.pid <> pg_catalog.pg_backend_pid()
group by a.pid, a.usename, a.application_name, a.state, a.xact_start
order by open_for_s desc nulls last, a.pid
