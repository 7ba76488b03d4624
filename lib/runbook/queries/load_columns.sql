-- The columns of a table as an application that was written before the migration knows them, and
-- whether an UPDATE may name them.
select a.attname, a.attgenerated = '' and a.attidentity <> 'a' as writable
from pg_catalog.pg_attribute a
where a.attrelid = pg_catalog.to_regclass(%(table)s)
  and a.attnum > 0
  and not a.attisdropped
order by a.attnum
