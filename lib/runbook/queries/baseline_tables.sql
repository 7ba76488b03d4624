-- The tables whose rows are measured, with the columns that a measure covers, in their order.
select
    n.nspname                                              as schema,
    c.relname                                              as name,
    array_agg(a.attname::text order by a.attnum)           as columns,
    greatest(c.reltuples, 0)::bigint                       as estimated_rows,
    has_table_privilege(c.oid, 'select')                   as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind = 'r'
  and c.relpersistence <> 't'
  and n.nspname not like 'pg\_%%'
  and n.nspname not in ('information_schema', 'runbook', 'supabase_migrations')
  and not exists (select 1 from pg_catalog.pg_depend d
                   where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
group by n.nspname, c.relname, c.oid, c.reltuples
order by n.nspname, c.relname
