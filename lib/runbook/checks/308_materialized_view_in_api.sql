-- title: No materialized view is served by the API
-- group: No security gaps
-- level: WARN
-- needs: role anon, role authenticated
-- examines: materialized views in exposed schemas
-- why: A materialized view cannot have policies: who may read it reads every row in it.
-- mend: revoke select from the API roles, or move it to a schema that is not exposed, with a
--   function or a filtered view in front.
with examined as (
  select * from relations where kind = 'm' and exposed and not platform
)
select
  m.name as object,
  'not readable through the API' as expected,
  'read by ' || string_agg(readable.role_name, ', ' order by readable.role_name collate "C") as observed
from examined m
join readable on readable.relation = m.oid
group by m.name;
