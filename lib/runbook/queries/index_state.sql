-- Is there an index of this name, and is it valid? No row: there is none.
select i.indisvalid
from pg_catalog.pg_index i
where i.indexrelid = to_regclass(%(name)s)
