-- The columns of the tables $tables, each with the type that lies below its domain, if it has one.
with recursive base as (
  select a.attrelid, a.attnum, a.atttypid as type, a.atttypmod as mod, a.attnotnull as required
  from pg_catalog.pg_attribute as a
  where a.attrelid = any (%(tables)s) and a.attnum > 0 and not a.attisdropped
  union all
  select base.attrelid, base.attnum, t.typbasetype, t.typtypmod, base.required or t.typnotnull
  from base
  join pg_catalog.pg_type as t on t.oid = base.type and t.typtype = 'd'
)
select a.attrelid,
       a.attname::text,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as written,
       t.typname::text as type,
       t.typtype::text as kind,
       t.typcategory::text as category,
       case when t.typlen = -1 and base.mod > 4 and t.typname in ('varchar', 'bpchar')
         then base.mod - 4
       end as longest,
       base.mod,
       coalesce(pg_catalog.format_type(inner_type.oid, null), '') as inner_type,
       coalesce(inner_type.typname::text, '') as inner_name,
       array(
         select e.enumlabel::text
         from pg_catalog.pg_enum as e
         where e.enumtypid in (t.oid, inner_type.oid)
         order by e.enumsortorder
       ) as labels,
       base.required,
       a.attidentity <> ''
         or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') like '%%nextval(%%' as counted,
       a.attgenerated <> '' as generated,
       d.adbin is not null and a.attgenerated = '' as has_default
from base
join pg_catalog.pg_type as t on t.oid = base.type and t.typtype <> 'd'
join pg_catalog.pg_attribute as a on a.attrelid = base.attrelid and a.attnum = base.attnum
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_range as r on r.rngtypid = t.oid
left join pg_catalog.pg_type as inner_type
  on inner_type.oid = coalesce(r.rngsubtype, case when t.typcategory = 'A' then t.typelem end)
order by a.attrelid, a.attnum
