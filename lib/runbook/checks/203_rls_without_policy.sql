-- title: Tables with row-level security have a policy
-- group: RLS policies not conflicting
-- level: WARN
-- needs: nothing
-- examines: tables with row-level security
-- why: Without a policy nobody but the owner and the server's roles sees a row: right for a table
--   that only the server uses, a riddle everywhere else.
-- mend: Add a policy for each command and role that should pass; or revoke the grants and say in
--   the table's comment that only the server uses it.
with examined as (
  select * from tables where rls and not is_partition
)
select t.name as object, 'a policy' as expected, 'none' as observed
from examined t
where not exists (select from policies p where p.relation = t.oid)
  -- Nobody is left to wonder where nobody else holds a grant.
  and exists (
    select
    from pg_class c
    cross join lateral aclexplode(c.relacl) acl
    where c.oid = t.oid
      and acl.grantee <> t.owner
      and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      and acl.grantee not in (select oid from server_roles)
  );
