-- The triggers of these tables: their function, how often it was called, and how many triggers
-- share it (then a call may have been another's).
select n.nspname as schema,
       t.relname as table_name,
       g.tgname as name,
       format('%%I.%%I', n.nspname, t.relname) as quoted,
       format('%%I.%%I', f.pronamespace::regnamespace::text, f.proname) as function,
       coalesce(pg_catalog.pg_stat_get_xact_function_calls(f.oid), 0) as calls,
       (select count(*) from pg_catalog.pg_trigger as o
        where o.tgfoid = g.tgfoid and not o.tgisinternal and o.tgparentid = 0) as sharing,
       (g.tgtype & 16) <> 0 as on_update,
       l.lanname in ('c', 'internal') as compiled,
       (select a.attname::text from pg_catalog.pg_attribute as a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          and (pg_catalog.cardinality(g.tgattr::int2[]) = 0 or a.attnum = any(g.tgattr))
        order by a.attnum desc limit 1) as a_column
from unnest(%(schemas)s::text[], %(tables)s::text[], %(names)s::text[]) as w (schema, tab, name)
join pg_catalog.pg_namespace as n on n.nspname = w.schema
join pg_catalog.pg_class as t on t.relnamespace = n.oid and t.relname = w.tab
join pg_catalog.pg_trigger as g on g.tgrelid = t.oid and g.tgname = w.name
join pg_catalog.pg_proc as f on f.oid = g.tgfoid
join pg_catalog.pg_language as l on l.oid = f.prolang
order by n.nspname, t.relname, g.tgname
