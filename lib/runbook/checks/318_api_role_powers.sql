-- title: The API roles have no power of their own
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: API roles
-- why: What anon or authenticated may do, everybody may do: an attribute or a membership given to
--   them by mistake is given to the internet.
-- mend: alter role … nosuperuser nobypassrls nocreaterole nocreatedb noreplication; revoke the role
--   that they are a member of.
with
examined as (
  select
    role.oid,
    role.name,
    r.rolsuper,
    r.rolbypassrls,
    r.rolcreaterole,
    r.rolcreatedb,
    r.rolreplication
  from api_roles role
  join pg_roles r on r.oid = role.oid
)
select name as object, 'no attribute, no membership' as expected, power as observed
from examined
cross join lateral (
  select attribute.label
  from (
    values
      ('superuser', rolsuper), ('bypassrls', rolbypassrls), ('createrole', rolcreaterole),
      ('createdb', rolcreatedb), ('replication', rolreplication)
  ) attribute (label, held)
  where held
  union all
  select 'member of ' || quote_ident(parent.rolname)
  from pg_auth_members m
  join pg_roles parent on parent.oid = m.roleid
  where m.member = examined.oid
) held (power);
