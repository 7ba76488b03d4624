-- title: No API role owns what it serves
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: tables, views and functions
-- why: An owner is not subject to row-level security, and may drop the table.
-- mend: alter table … owner to postgres;
with examined as (
  select name, owner from relations where not platform
  union all
  select name, owner from functions
)
select
  name as object,
  'an owner outside the API' as expected,
  'owned by ' || pg_get_userbyid(owner) as observed
from examined
where exists (select from api_roles role where pg_has_role(role.oid, owner, 'usage'));
