-- The foreign keys of these tables, with what is needed to try them.
select n.nspname                                                  as schema,
       t.relname                                                  as table_name,
       c.conname                                                  as name,
       format('%%I.%%I', n.nspname, t.relname)                    as child,
       format('%%I.%%I', rn.nspname, r.relname)                   as parent,
       (select array_agg(a.attname::text order by k.place)
        from unnest(c.conkey) with ordinality as k (num, place)
        join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = k.num) as columns,
       (select array_agg(coalesce(nullif(ty.typbasetype, 0), ty.oid)::regtype::text order by k.place)
        from unnest(c.conkey) with ordinality as k (num, place)
        join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = k.num
        join pg_catalog.pg_type as ty on ty.oid = a.atttypid)      as types,
       (select array_agg(a.attname::text order by k.place)
        from unnest(c.confkey) with ordinality as k (num, place)
        join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum = k.num) as parent_columns,
       c.confdeltype::text                                        as on_delete,
       (select array_agg(a.attname::text order by a.attnum)
        from pg_catalog.pg_index as i
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        where i.indrelid = t.oid and i.indisprimary)              as primary_key
from unnest(%(schemas)s::text[], %(tables)s::text[]) as w (schema, name)
join pg_catalog.pg_namespace as n on n.nspname = w.schema
join pg_catalog.pg_class as t on t.relnamespace = n.oid and t.relname = w.name
join pg_catalog.pg_constraint as c on c.conrelid = t.oid and c.contype = 'f'
join pg_catalog.pg_class as r on r.oid = c.confrelid
join pg_catalog.pg_namespace as rn on rn.oid = r.relnamespace
where c.conparentid = 0
order by n.nspname, t.relname, c.conname
