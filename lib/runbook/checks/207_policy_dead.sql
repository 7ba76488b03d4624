-- title: Every policy can let a row pass
-- group: RLS policies not conflicting
-- level: WARN
-- needs: nothing
-- examines: policies
-- note: A permissive policy with the condition false says no in plain words; it is left out.
-- why: A policy that never comes into play reads like access that does not exist, or like a limit on
--   access that is not there.
-- mend: Add what is missing (a permissive policy, a select policy, the grant), or drop the policy.
with
examined as (
  select * from policies
),
open_to as (
  -- Which commands some permissive policy opens to whom.
  select distinct relation, command, role
  from faced
  where rls
    and permissive
    and coalesce(lets_in, '') <> 'false'
    and coalesce(lets_out, '') <> 'false'
),
reasons as (
  select
    f.name,
    f.command,
    f.role_name,
    case
      when not f.permissive and not exists (
        select from open_to o
        where o.relation = f.relation and o.command = f.command and o.role in (f.role, 0)
      ) then 'it narrows what no permissive policy opens'
      when f.permissive and f.command in ('update', 'delete') and not exists (
        select from open_to o
        where o.relation = f.relation and o.command = 'select' and o.role in (f.role, 0)
      ) then 'no select policy lets it find a row'
      when f.permissive and f.role <> 0
        and not has_table_privilege(f.role, f.relation, f.command)
        and not (
          f.command <> 'delete'
          and has_any_column_privilege(
            f.role, f.relation, case f.command when 'delete' then 'select' else f.command end
          )
        ) then f.command || ' is not granted'
    end as reason,
    f.oid
  from faced f
  where f.rls
),
judged as (
  -- A policy for all commands or for public is meant widely: dead only where it is dead throughout.
  select oid, name, count(*) = count(reason) as dead_throughout
  from reasons
  group by oid, name
)
select
  r.name as object,
  'a way for it to matter' as expected,
  string_agg(
    distinct format('%s for %s: %s', r.command, r.role_name, r.reason), '; '
    order by format('%s for %s: %s', r.command, r.role_name, r.reason)
  ) as observed
from judged
join reasons r on r.oid = judged.oid
where judged.dead_throughout
group by r.name;
