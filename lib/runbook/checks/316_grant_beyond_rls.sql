-- title: The API roles hold no grant that row-level security does not guard
-- group: No security gaps
-- level: WARN
-- needs: role anon, role authenticated
-- examines: tables in exposed schemas
-- why: TRUNCATE empties a table whatever its policies say; TRIGGER and REFERENCES attach code and
--   keys to it. The API needs none of them, and a leaked connection would use them.
-- mend: revoke truncate, trigger, references, maintain on … from anon, authenticated, public; also
--   alter default privileges, for tables to come.
with
examined as (
  select t.oid, t.name, t.owner from tables t where t.exposed
)
select
  format('%s to %s', e.name, grantee.name) as object,
  'select, insert, update, delete at most' as expected,
  string_agg(lower(acl.privilege_type), ', ' order by acl.privilege_type) as observed
from examined e
join pg_class c on c.oid = e.oid
cross join lateral aclexplode(c.relacl) acl
join (
  select oid, name from api_roles
  union all
  select 0, 'public'
) grantee on grantee.oid = acl.grantee
where acl.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
group by e.name, grantee.name;
