-- The tables of schema public, without partitions and what belongs to an extension.
select pg_catalog.format('%I.%I', n.nspname, c.relname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'public'
  and c.relkind in ('r', 'p')
  and not c.relispartition
  and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid
        and d.deptype = 'e'
  )
order by pg_catalog.format('%I.%I', n.nspname, c.relname) collate "C"
