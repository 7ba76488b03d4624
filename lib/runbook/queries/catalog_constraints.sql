-- Which constraints hold on tables and domains?
-- NOT NULL is a property of its column: PostgreSQL 18 names it, and the name survives renames.
-- What a foreign key to a partitioned table repeats for each partition, under names that differ
-- from major to major, is that key and nothing of its own.
with key as (
    select k.oid,
           jsonb_agg(
               a.attname
               order by case when k.contype <> 'c' then u.position end, a.attname collate "C"
           ) filter (where a.attname is not null) as columns,
           jsonb_agg(f.attname order by u.position)
               filter (where f.attname is not null) as reference_columns
    from pg_constraint as k
    cross join lateral unnest(k.conkey, k.confkey)
        with ordinality as u (attnum, reference, position)
    left join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.attnum
    left join pg_attribute as f on f.attrelid = k.confrelid and f.attnum = u.reference
    where k.conrelid = any (%(relations)s::oid[])
    group by k.oid
)
select 'constraint' as kind,
       array[
           coalesce(n.nspname, tn.nspname)::text, coalesce(c.relname, t.typname)::text,
           k.conname::text
       ] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'form', case k.contype
               when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
               when 'x' then 'exclusion' else 'check' end,
           'on_domain', case when k.contypid <> 0 then true end,
           'columns', key.columns,
           'references', case when k.contype = 'f' then (
               select jsonb_build_array(fn.nspname, f.relname)
               from pg_class as f join pg_namespace as fn on fn.oid = f.relnamespace
               where f.oid = k.confrelid
           ) end,
           'reference_columns', key.reference_columns,
           'on_delete', case when k.contype = 'f' then k.confdeltype end,
           'on_update', case when k.contype = 'f' then k.confupdtype end,
           'deferrable', k.condeferrable,
           'deferred', k.condeferred,
           'validated', k.convalidated,
           'inherited', case when k.conparentid <> 0 or not k.conislocal then true end,
           'definition', pg_get_constraintdef(k.oid)
       )) as definition,
       coalesce('r' || nullif(k.conrelid, 0), 't' || k.contypid) as owner
from (
    select * from pg_constraint where conrelid = any (%(relations)s::oid[])
    union all
    select * from pg_constraint where contypid = any (%(types)s::oid[])
) as k
left join key on key.oid = k.oid
left join pg_class as c on c.oid = k.conrelid
left join pg_namespace as n on n.oid = c.relnamespace
left join pg_type as t on t.oid = k.contypid
left join pg_namespace as tn on tn.oid = t.typnamespace
where k.contype in ('p', 'u', 'f', 'x', 'c')
  and not exists (
      select from pg_constraint as whole
      where whole.oid = k.conparentid and whole.conrelid = k.conrelid
  )
order by names
