-- Which views and materialized views exist, and with whose rights do they read?
select case c.relkind when 'm' then 'materialized view' else 'view' end as kind,
       array[n.nspname::text, c.relname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'owner', pg_get_userbyid(c.relowner),
           'options', (select jsonb_agg(o order by o collate "C") from unnest(c.reloptions) as o),
           'populated', case when c.relkind = 'm' then c.relispopulated end,
           'columns', (
               select jsonb_agg(
                   jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
                   order by a.attnum)
               from pg_attribute as a
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           ),
           'definition', pg_get_viewdef(c.oid)
       )) as definition,
       'r' || c.oid as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.oid = any (%(relations)s::oid[])
  and c.relkind in ('v', 'm')
order by kind, names
