-- title: No foreign table is served by the API
-- group: No security gaps
-- level: WARN
-- needs: role anon, role authenticated
-- examines: foreign tables in exposed schemas
-- why: A foreign table cannot have policies: who may read it reads what the other server shows to
--   the mapped user.
-- mend: revoke all on it from the API roles, or move it to a schema that is not exposed.
with examined as (
  select * from relations where kind = 'f' and exposed and not platform
)
select
  f.name as object,
  'not readable through the API' as expected,
  'read by ' || string_agg(readable.role_name, ', ' order by readable.role_name collate "C") as observed
from examined f
join readable on readable.relation = f.oid
group by f.name;
