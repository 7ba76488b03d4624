-- Which sequences feed the columns of a table?
select d.objid::regclass::text, a.attname::text
from pg_catalog.pg_depend as d
join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = %(table)s::regclass
  and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
order by 1
