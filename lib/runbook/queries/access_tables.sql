-- Each named relation with its columns, and what each role may do with each column.
-- $tables: text[] of names to look up; $roles: the API roles; the current user is always added.
-- `fresh` is whether this transaction wrote rows into it or its partitions (when they are counted).
with named as (
  select name, pg_catalog.to_regclass(name)::oid as oid
  from pg_catalog.unnest(%(tables)s::text[]) as given(name)
)
select named.name,
       pg_catalog.format('%%I.%%I', n.nspname, c.relname) as quoted,
       c.relkind::text,
       pg_catalog.current_setting('track_counts')::boolean is false
         or exists (
           select from pg_catalog.pg_partition_tree(c.oid) as part
           where pg_catalog.pg_stat_get_xact_tuples_inserted(part.relid) > 0
         )
         or pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) > 0 as fresh,
       r.rolname::text,
       a.attname::text,
       a.attgenerated <> '' as generated,
       a.attidentity = 'a' as identity_always,
       coalesce(a.attnum = any (pk.conkey), false) as in_key,
       case
         when exists (
           select from pg_catalog.pg_constraint as k
           where k.conrelid = c.oid and k.contype <> 'n' and a.attnum = any (k.conkey)
         ) then 2
         when exists (
           select from pg_catalog.pg_index as x
           where x.indrelid = c.oid and x.indisunique and a.attnum = any (x.indkey)
         ) then 2
         when exists (
           select from pg_catalog.pg_index as x
           where x.indrelid = c.oid and a.attnum = any (x.indkey)
         ) then 1
         else 0
       end as tied,
       pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT'),
       pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'INSERT'),
       pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE')
from named
join pg_catalog.pg_class as c on c.oid = named.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_constraint as pk on pk.conrelid = c.oid and pk.contype = 'p'
join pg_catalog.pg_roles as r on r.rolname = any (%(roles)s::text[]) or r.rolname = current_user
order by named.name, r.rolname, a.attnum;
