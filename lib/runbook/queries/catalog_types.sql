-- Which enums, domains, composites and ranges exist, and how are they made?
select 'type' as kind, array[n.nspname::text, t.typname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'form', case t.typtype
               when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite'
               when 'r' then 'range' else 'base' end,
           'owner', pg_get_userbyid(t.typowner),
           'labels', (
               select jsonb_agg(e.enumlabel order by e.enumsortorder)
               from pg_enum as e where e.enumtypid = t.oid
           ),
           'base', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
           'not_null', case when t.typtype = 'd' then t.typnotnull end,
           'default', t.typdefault,
           'collation', (
               select c.collname from pg_collation as c
               where c.oid = t.typcollation and t.typtype = 'd' and c.collname <> 'default'
           ),
           'attributes', (
               select jsonb_agg(
                   jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
                   order by a.attnum)
               from pg_attribute as a
               where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
           ),
           'subtype', (
               select format_type(r.rngsubtype, null) from pg_range as r where r.rngtypid = t.oid
           )
       )) as definition,
       't' || t.oid as owner
from pg_type as t
join pg_namespace as n on n.oid = t.typnamespace
where t.oid = any (%(types)s::oid[])
order by names
