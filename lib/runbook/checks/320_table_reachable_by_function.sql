-- title: No SECURITY DEFINER function leads a visitor past a table's policies
-- group: No security gaps
-- level: WARN
-- needs: role anon
-- examines: SECURITY DEFINER functions that anon may call
-- why: Its body reads and writes with its owner's rights: what it returns or changes, every visitor
--   can have returned or changed.
-- mend: revoke execute on function … from public, anon; or prove in the function that the caller
--   may.
-- note: Bodies in SQL standard form are read by their dependencies, others by their text: names
--   after from, join, into, update, only. SQL that is put together at run time is not seen.
with
examined as (
  select f.*
  from functions f
  where f.definer
    and f.exposed
    and not f.is_trigger
    and has_function_privilege('anon', f.oid, 'execute')
    and has_schema_privilege('anon', f.schema, 'usage')
),
found as (
  select e.oid, match.part
  from examined e
  cross join lateral regexp_matches(
    regexp_replace(e.body, '--[^\n]*', '', 'g'),
    -- [schema .] table, each as it is written: plain or in double quotes
    '\m(?:from|join|into|update|only)\s+(?:only\s+)?'
      '(?:("(?:[^"]|"")+"|[a-z_][\w$]*)\s*\.\s*)?("(?:[^"]|"")+"|[a-z_][\w$]*)',
    'gi'
  ) match (part)
),
named as (
  select found.oid, spelled.schema_name, spelled.table_name
  from found
  cross join lateral (
    select
      max(case when word like '"%' then replace(trim('"' from word), '""', '"') else lower(word) end)
        filter (where place = 1) as schema_name,
      max(case when word like '"%' then replace(trim('"' from word), '""', '"') else lower(word) end)
        filter (where place = 2) as table_name
    from unnest(found.part) with ordinality written (word, place)
  ) spelled
),
touched as (
  select named.oid, t.name
  from named
  join tables t on t.bare_name = named.table_name and t.rls
  join schemas s on s.oid = t.schema
  where named.schema_name is null or named.schema_name = s.name
  union
  select e.oid, t.name
  from examined e
  join pg_depend d
    on d.classid = 'pg_proc'::regclass
    and d.objid = e.oid
    and d.refclassid = 'pg_class'::regclass
  join tables t on t.oid = d.refobjid and t.rls
)
select
  e.name as object,
  'nothing that policies guard' as expected,
  'anon reaches ' || string_agg(touched.name, ', ' order by touched.name collate "C") as observed
from examined e
join touched on touched.oid = e.oid
group by e.name;
