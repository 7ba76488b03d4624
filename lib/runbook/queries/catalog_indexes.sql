-- Which indexes exist, how are they built, and can they be used?
with part as (
    select i.indexrelid,
           jsonb_agg(pg_get_indexdef(i.indexrelid, u.position::int, false) order by u.position)
               filter (where u.position <= i.indnkeyatts) as keys,
           jsonb_agg(a.attname order by u.position)
               filter (where u.position <= i.indnkeyatts) as plain,
           jsonb_agg(o.opcname order by u.position)
               filter (where u.position <= i.indnkeyatts) as opclasses,
           jsonb_agg(a.attname order by u.position)
               filter (where u.position > i.indnkeyatts) as includes
    from pg_index as i
    cross join lateral unnest(i.indkey::int2[], i.indclass::oid[])
        with ordinality as u (attnum, opclass, position)
    -- One by one: a join would read every column of the database for the few of one table.
    cross join lateral (
        select (
            select a.attname from pg_attribute as a
            where a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum > 0
        )
    ) as a (attname)
    left join pg_opclass as o on o.oid = u.opclass
    where i.indrelid = any (%(relations)s::oid[])
    group by i.indexrelid
)
select 'index' as kind, array[n.nspname::text, x.relname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'table', jsonb_build_array(tn.nspname, t.relname),
           'method', m.amname,
           'unique', i.indisunique,
           'keys', part.keys,
           'plain', part.plain,
           'opclasses', part.opclasses,
           'includes', part.includes,
           'predicate', pg_get_expr(i.indpred, i.indrelid),
           'valid', i.indisvalid,
           'ready', i.indisready,
           'clustered', case when i.indisclustered then true end,
           'replica_identity', case when i.indisreplident then true end,
           'inherited', case when x.relispartition then true end,
           'constraint', k.conname,
           'definition', pg_get_indexdef(i.indexrelid)
       )) as definition,
       'r' || i.indrelid as owner
from part
join pg_index as i on i.indexrelid = part.indexrelid
join pg_class as x on x.oid = i.indexrelid
join pg_namespace as n on n.oid = x.relnamespace
join pg_am as m on m.oid = x.relam
join pg_class as t on t.oid = i.indrelid
join pg_namespace as tn on tn.oid = t.relnamespace
left join pg_constraint as k
    on k.conrelid = i.indrelid and k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
order by names
