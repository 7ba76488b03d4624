-- Checks, foreign keys and what is unique of the tables $tables, with the columns by name.
with numbered as (
  select k.conrelid as relation,
         k.contype::text as kind,
         k.conname::text as name,
         k.conkey as columns,
         case when k.contype = 'c' then pg_catalog.pg_get_expr(k.conbin, k.conrelid) else '' end
           as expression,
         case when k.contype = 'f' then k.confrelid end as parent,
         k.confkey as parent_columns
  from pg_catalog.pg_constraint as k
  where k.conrelid = any (%(tables)s)
    and (k.contype = 'c' or (k.contype = 'f' and k.conparentid = 0))
  union all
  select x.indrelid,
         'u',
         c.relname::text,
         (pg_catalog.string_to_array(x.indkey::text, ' ')::int2[])[1:x.indnkeyatts],
         '',
         null,
         null
  from pg_catalog.pg_index as x
  join pg_catalog.pg_class as c on c.oid = x.indexrelid
  where x.indrelid = any (%(tables)s) and x.indisunique
)
select n.relation,
       n.kind,
       n.name,
       array(
         select a.attname::text
         from pg_catalog.unnest(n.columns) with ordinality as each (number, place)
         join pg_catalog.pg_attribute as a on a.attrelid = n.relation and a.attnum = each.number
         order by each.place
       ) as columns,
       n.expression,
       n.parent,
       array(
         select a.attname::text
         from pg_catalog.unnest(n.parent_columns) with ordinality as each (number, place)
         join pg_catalog.pg_attribute as a on a.attrelid = n.parent and a.attnum = each.number
         order by each.place
       ) as parent_columns
from numbered as n
order by n.relation, n.kind, n.name collate "C"
