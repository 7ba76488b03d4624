-- Which tables hold rows, and which of their columns can be written? `ours`: not of Supabase's own
-- schemas, whose rows are only taken where others refer to them.
select n.nspname::text, c.relname::text,
       array(
           select a.attname::text
           from pg_catalog.pg_attribute as a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             and a.attgenerated = ''
           order by a.attnum
       ) as columns,
       n.nspname <> all (array[
           'auth', 'storage', 'realtime', '_realtime', 'vault', 'extensions', 'graphql', 'cron',
           'net', 'pgmq', 'pgsodium', 'supabase_functions', '_analytics'
       ]) as ours
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
  and n.nspname !~ '^pg_'
  and n.nspname <> all (array['information_schema', 'runbook', 'supabase_migrations'])
  and not exists (
      select from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
order by 1, 2
