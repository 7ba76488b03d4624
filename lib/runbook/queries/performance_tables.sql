-- The tables with row-level security, once for each API role that may read them or a column of
-- them.
select pg_catalog.format('%I.%I', n.nspname, c.relname),
       r.rolname::text
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as r on r.rolname in ('anon', 'authenticated')
where c.relkind in ('r', 'p')
  and c.relrowsecurity
  and not c.relispartition
  and n.nspname = 'public'
  and pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
  and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select')
order by n.nspname collate "C", c.relname collate "C", r.rolname collate "C"
