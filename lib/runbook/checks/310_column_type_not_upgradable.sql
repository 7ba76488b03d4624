-- title: No column has a type that pg_upgrade cannot carry over
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: columns
-- why: These types hold object ids, which the next major version assigns anew: pg_upgrade refuses a
--   database with such a column.
-- mend: Store the name as text and cast where it is used. regclass, regtype and regrole are safe.
with
examined as (
  select t.name, a.attname, a.atttypid
  from relations t
  join pg_attribute a on a.attrelid = t.oid
  where t.kind in ('r', 'p', 'm')
    and not t.platform
    and a.attnum > 0
    and not a.attisdropped
),
inside as (
  -- which type holds which: arrays, domains, composite types
  select ty.typelem as part, ty.oid as whole
  from pg_type ty
  where ty.typelem <> 0 and ty.typcategory = 'A'
  union all
  select ty.typbasetype, ty.oid
  from pg_type ty
  where ty.typbasetype <> 0
  union all
  select a.atttypid, c.reltype
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind = 'c'
),
holders as (
  select ty.oid, ty.oid as holds
  from pg_type ty
  where ty.oid in (
    'regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype,
    'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype
  )
  union
  select inside.whole, holders.holds
  from holders
  join inside on inside.part = holders.oid
)
select
  format('%s.%I', examined.name, examined.attname) as object,
  'a type that survives an upgrade' as expected,
  string_agg(
    distinct holders.holds::regtype::text, ', ' order by holders.holds::regtype::text
  ) as observed
from examined
join holders on holders.oid = examined.atttypid
group by examined.name, examined.attname;
