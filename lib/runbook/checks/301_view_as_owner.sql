-- title: Views of an exposed schema read as the caller
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: views in exposed schemas
-- why: A view reads with its owner's rights unless it says otherwise: the policies of the tables
--   below do not apply, and the API serves every row.
-- mend: alter view … set (security_invoker = true); or revoke select on it from the API roles.
with examined as (
  select * from relations where kind = 'v' and exposed and not platform
)
select
  v.name as object,
  'security_invoker' as expected,
  'reads as ' || pg_get_userbyid(v.owner) || ', for '
    || string_agg(readable.role_name, ', ' order by readable.role_name collate "C") as observed
from examined v
join readable on readable.relation = v.oid
where not v.security_invoker
group by v.name, v.owner;
