-- Which indexes exist, how are they built, and can they be used?
select 'index' as kind, array[n.nspname::text, x.relname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'table', jsonb_build_array(tn.nspname, t.relname),
           'method', m.amname,
           'unique', i.indisunique,
           'keys', (
               select jsonb_agg(pg_get_indexdef(i.indexrelid, g.k, false) order by g.k)
               from generate_series(1, i.indnkeyatts) as g (k)
           ),
           'plain', (
               select jsonb_agg(a.attname order by u.position)
               from unnest(i.indkey::int2[]) with ordinality as u (attnum, position)
               left join pg_attribute as a
                   on a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum > 0
               where u.position <= i.indnkeyatts
           ),
           'opclasses', (
               select jsonb_agg(o.opcname order by u.position)
               from unnest(i.indclass::oid[]) with ordinality as u (oid, position)
               join pg_opclass as o on o.oid = u.oid
           ),
           'includes', (
               select jsonb_agg(pg_get_indexdef(i.indexrelid, g.k, false) order by g.k)
               from generate_series(i.indnkeyatts + 1, i.indnatts) as g (k)
           ),
           'predicate', pg_get_expr(i.indpred, i.indrelid),
           'valid', i.indisvalid,
           'ready', i.indisready,
           'clustered', case when i.indisclustered then true end,
           'replica_identity', case when i.indisreplident then true end,
           'inherited', case when x.relispartition then true end,
           'constraint', (
               select k.conname from pg_constraint as k
               where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
               order by k.conname limit 1
           ),
           'definition', pg_get_indexdef(i.indexrelid)
       )) as definition
from pg_index as i
join pg_class as x on x.oid = i.indexrelid
join pg_namespace as n on n.oid = x.relnamespace
join pg_am as m on m.oid = x.relam
join pg_class as t on t.oid = i.indrelid
join pg_namespace as tn on tn.oid = t.relnamespace
where i.indrelid = any (%(relations)s::oid[])
order by names
