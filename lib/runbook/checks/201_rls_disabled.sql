-- title: Every table of an exposed schema has row-level security
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: tables in exposed schemas
-- why: The API serves these tables to whoever holds the public key; without row-level security the
--   grants are all that stands between a visitor and every row.
-- mend: alter table … enable row level security; then one policy for each command and role.
with
examined as (
  select * from tables where exposed
),
granted as (
  select c.oid, string_agg(distinct api_roles.name, ', ' order by api_roles.name) as names
  from pg_class c
  cross join lateral aclexplode(c.relacl) acl
  join api_roles on acl.grantee in (api_roles.oid, 0)
  where acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  group by c.oid
)
select
  e.name as object,
  'row-level security enabled' as expected,
  'disabled, and '
    || coalesce('open to ' || granted.names, 'one grant away from being open') as observed
from examined e
left join granted on granted.oid = e.oid
where not e.rls;
