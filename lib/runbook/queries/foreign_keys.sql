-- Which of these tables are there, and which foreign keys do they have? One row without a key for a
-- table that has none.
select t.name, k.columns, k.referenced
from unnest(%(tables)s::text[]) with ordinality as t (name, place)
join pg_catalog.pg_class c on c.oid = to_regclass(t.name)
left join lateral (
    select string_agg(a.attname::text, ', ' order by u.place)                  as columns,
           min(n.nspname || '.' || r.relname)                                  as referenced
    from pg_catalog.pg_constraint f
    join pg_catalog.pg_class r on r.oid = f.confrelid
    join pg_catalog.pg_namespace n on n.oid = r.relnamespace
    cross join lateral unnest(f.conkey) with ordinality as u (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = u.attnum
    where f.contype = 'f' and f.conrelid = c.oid
    group by f.oid, f.conname
) k on true
order by t.place, k.columns collate "C", k.referenced collate "C"
