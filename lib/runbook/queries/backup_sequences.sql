-- The sequences of these tables' columns, identity and serial.
select format('%%I.%%I', n.nspname, s.relname)
from unnest(%(tables)s::text[]) as w (name)
join pg_catalog.pg_depend as d
    on d.refclassid = 'pg_catalog.pg_class'::regclass
   and d.refobjid = pg_catalog.to_regclass(w.name)
   and d.classid = 'pg_catalog.pg_class'::regclass
   and d.deptype in ('a', 'i')
join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
join pg_catalog.pg_namespace as n on n.oid = s.relnamespace
order by 1
