-- title: The API roles cannot create objects
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: schemas
-- why: Whoever may create a function in a schema on somebody's search_path may put their own code
--   in the place of the code that was meant.
-- mend: revoke create on schema … from public, anon, authenticated;
with examined as (
  select quote_ident(s.name) as name, n.nspacl, n.nspowner
  from schemas s
  join pg_namespace n on n.oid = s.oid
  where not s.platform
)
select
  e.name as object,
  'create for its owner only' as expected,
  'create for ' || string_agg(grantee.name, ', ' order by grantee.name collate "C") as observed
from examined e
cross join lateral aclexplode(e.nspacl) acl
join (
  select oid, name from api_roles
  union all
  select 0, 'public'
) grantee on grantee.oid = acl.grantee
where acl.privilege_type = 'CREATE'
group by e.name;
