-- What a backup has to know of one table: the columns that can be written back, those that the
-- database computes, and the primary key by which rows are told apart.
select
    n.nspname,
    c.relname,
    coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = ''), '{}'),
    coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated <> ''), '{}'),
    coalesce((
        select array_agg(k.attname::text order by part.place)
        from pg_catalog.pg_constraint as p
        cross join lateral unnest(p.conkey) with ordinality as part (attnum, place)
        join pg_catalog.pg_attribute as k on k.attrelid = p.conrelid and k.attnum = part.attnum
        where p.conrelid = c.oid and p.contype = 'p'
    ), '{}')
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute as a
    on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.oid = pg_catalog.to_regclass(%(table)s)
group by c.oid, n.nspname, c.relname
