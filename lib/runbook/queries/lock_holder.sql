-- Who holds the runbook's advisory lock on this database?
select a.pid, a.usename::text, a.application_name,
       to_char(a.backend_start at time zone 'UTC', 'HH24:MI:SS') as since
from pg_catalog.pg_locks l
join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory'
  and l.granted
  and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
  and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('runbook.apply', 0)
limit 1
