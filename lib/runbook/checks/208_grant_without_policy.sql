-- title: What the API roles are granted, a policy can let pass
-- group: RLS policies not conflicting
-- level: WARN
-- needs: role anon, role authenticated
-- examines: tables with policies in exposed schemas
-- why: A grant that no policy backs is refused row by row today, and is an open door the day
--   somebody adds a policy or switches row-level security off.
-- mend: revoke the commands from the role, or add the policy that was forgotten.
with
examined as (
  select t.*
  from tables t
  where t.exposed and t.rls and exists (select from policies p where p.relation = t.oid)
),
idle as (
  select t.name, role.name as role_name, command.name as command
  from examined t
  cross join api_roles role
  cross join (values ('select'), ('insert'), ('update'), ('delete')) command (name)
  where has_schema_privilege(role.oid, t.schema, 'usage')
    and (
      has_table_privilege(role.oid, t.oid, command.name)
      or (
        command.name <> 'delete'
        and has_any_column_privilege(
          role.oid, t.oid, case command.name when 'delete' then 'select' else command.name end
        )
      )
    )
    and not exists (
      select
      from rules r
      join audiences a on a.policy = r.oid
      where r.relation = t.oid
        and r.command = command.name
        and r.permissive
        and a.role = role.oid
    )
)
select
  format('%s to %s', name, role_name) as object,
  'a policy for each command that is granted' as expected,
  'none for ' || string_agg(command, ', ' order by command) as observed
from idle
group by name, role_name;
