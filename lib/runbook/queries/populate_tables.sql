-- The tables to fill: ordinary and partitioned ones of the project's own schemas, and those of
-- others that their foreign keys lead to. $platform: schemas that are not the project's.
with recursive own as (
  select c.oid
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p')
    and not c.relispartition
    and c.relpersistence <> 't'
    and n.nspname <> all (%(platform)s)
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (
      select
      from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid
        and d.deptype in ('e', 'i')
    )
),
wanted as (
  select oid from own
  union
  select k.confrelid
  from wanted
  join pg_catalog.pg_constraint as k on k.conrelid = wanted.oid and k.contype = 'f'
)
select c.oid,
       n.nspname::text,
       c.relname::text,
       pg_catalog.format('%%I.%%I', n.nspname, c.relname) as quoted,
       case
         when c.relkind = 'p' then coalesce((
           select pg_catalog.string_agg(
             '(' || coalesce(pg_catalog.pg_get_partition_constraintdef(leaf.relid), 'true') || ')',
             ' or '
           )
           from pg_catalog.pg_partition_tree(c.oid) as leaf
           where leaf.isleaf and leaf.relid <> c.oid
         ), 'false')
         else ''
       end as fits_partition
from wanted
join pg_catalog.pg_class as c on c.oid = wanted.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
order by n.nspname collate "C", c.relname collate "C"
