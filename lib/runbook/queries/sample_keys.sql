-- Which rows does a row need? Every foreign key: table and columns, the other table and its columns.
select n.nspname::text, c.relname::text,
       array(
           select a.attname::text
           from unnest(k.conkey) with ordinality as u (number, place)
           join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.number
           order by u.place
       ),
       fn.nspname::text, f.relname::text,
       array(
           select a.attname::text
           from unnest(k.confkey) with ordinality as u (number, place)
           join pg_catalog.pg_attribute as a on a.attrelid = k.confrelid and a.attnum = u.number
           order by u.place
       )
from pg_catalog.pg_constraint as k
join pg_catalog.pg_class as c on c.oid = k.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_class as f on f.oid = k.confrelid
join pg_catalog.pg_namespace as fn on fn.oid = f.relnamespace
where k.contype = 'f' and k.conparentid = 0
order by 1, 2, k.conname collate "C"
