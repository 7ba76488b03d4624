-- The locks that this session holds on relations of users, harder than a reader's.
select l.relation, format('%%I.%%I', n.nspname, c.relname) as name, l.mode
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.pid = pg_catalog.pg_backend_pid()
  and l.locktype = 'relation'
  and l.granted
  and l.mode <> 'AccessShareLock'
  and c.relkind in ('r', 'p', 'm', 'f')
  and l.relation = any(%(relations)s::oid[])
order by name
