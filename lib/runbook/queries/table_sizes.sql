-- How large are these tables? Estimates that cost nothing; -1 rows: never analyzed.
select w.name,
       c.reltuples::bigint                  as rows,
       pg_catalog.pg_relation_size(c.oid)   as bytes
from unnest(%(names)s::text[]) as w (name)
join pg_catalog.pg_class as c on c.oid = pg_catalog.to_regclass(w.name)
order by w.name
