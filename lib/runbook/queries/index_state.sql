-- Is there an index of this name (on this table, where one is given), and is it valid?
-- No row: there is none.
select i.indisvalid
from pg_catalog.pg_index i
where i.indexrelid = to_regclass(%(name)s)
  and (%(table)s::text is null or i.indrelid = to_regclass(%(table)s))
