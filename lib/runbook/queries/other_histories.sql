-- The tables of these names that we may read, each with its columns; our own bookkeeping left out.
select n.nspname::text,
       c.relname::text,
       array(
           select a.attname::text
           from pg_catalog.pg_attribute as a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       )
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and c.relname = any (%s::text[])
  and n.nspname not in ('supabase_migrations', 'auth', 'storage', 'realtime', 'runbook')
  and pg_catalog.has_table_privilege(c.oid, 'select')
  and pg_catalog.has_schema_privilege(n.oid, 'usage')
order by 1, 2
