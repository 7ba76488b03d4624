-- What is each column of each table like?
-- The order number is left out on purpose: a column dropped long ago must not make two equal
-- tables different.
select 'column' as kind, array[n.nspname::text, c.relname::text, a.attname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'type', format_type(a.atttypid, a.atttypmod),
           'not_null', a.attnotnull,
           'not_null_unvalidated', case when exists (
               select from pg_constraint as k
               where k.conrelid = c.oid and k.contype = 'n' and k.conkey[1] = a.attnum
                 and not k.convalidated
           ) then true end,
           'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
           'generated', case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
           'expression', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
           'identity', case
               when c.relispartition then null  -- its parent's: PostgreSQL 17 and newer repeat it
               when a.attidentity = 'a' then 'always'
               when a.attidentity = 'd' then 'by default'
           end,
           'collation', case when a.attcollation <> t.typcollation then (
               select jsonb_build_array(cn.nspname, l.collname)
               from pg_collation as l
               join pg_namespace as cn on cn.oid = l.collnamespace
               where l.oid = a.attcollation
           ) end,
           'storage', case when a.attstorage <> t.typstorage then a.attstorage end,
           'compression', nullif(a.attcompression, ''),
           'statistics', nullif(a.attstattarget, -1),
           'options', (select jsonb_agg(o order by o) from unnest(a.attoptions) as o),
           'inherited', case when not a.attislocal then true end
       )) as definition,
       'r' || c.oid as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid
join pg_type as t on t.oid = a.atttypid
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.oid = any (%(relations)s::oid[])
  and c.relkind in ('r', 'p', 'f')
  and a.attnum > 0
  and not a.attisdropped
order by names
