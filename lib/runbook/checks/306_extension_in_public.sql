-- title: Extensions live outside of public
-- group: No security gaps
-- level: WARN
-- needs: nothing
-- examines: extensions
-- why: Everything that an extension brings along becomes part of the API, and its names collide
--   with the project's.
-- mend: create extension … with schema extensions; for an existing one: alter extension … set
--   schema.
with examined as (
  select e.extname::text as name, n.nspname::text as schema, coalesce(s.exposed, false) as exposed
  from pg_extension e
  join pg_namespace n on n.oid = e.extnamespace
  left join schemas s on s.oid = n.oid
)
select name as object, 'a schema of its own' as expected, 'in ' || quote_ident(schema) as observed
from examined
where schema = 'public' or exposed;
