-- title: Every policy can let a row pass
-- group: RLS policies not conflicting
-- level: WARN
-- needs: nothing
-- examines: policies
-- note: A permissive policy with the condition false says no in plain words; it is left out.
-- why: A policy that never comes into play reads like access that does not exist, or like a limit
--   on access that is not there.
-- mend: Add what is missing (a permissive policy, a select policy, the grant), or drop the policy.
with
examined as (
  select * from policies
),
open_to as (
  -- Which commands some permissive policy opens to whom; 0 is everybody.
  select faced.relation, faced.command, opened.role
  from faced
  cross join lateral (
    select faced.role
    union
    select 0 where 0 = any (faced.roles)
  ) opened (role)
  where faced.rls
    and faced.permissive
    and coalesce(faced.lets_in, '') <> 'false'
    and coalesce(faced.lets_out, '') <> 'false'
),
reasons as (
  select
    f.oid,
    f.name,
    f.command,
    f.role_name,
    case
      when not f.permissive
        and (f.relation, f.command, f.role) not in (select relation, command, role from open_to)
        and (f.relation, f.command, 0) not in (select relation, command, role from open_to)
        then 'it narrows what no permissive policy opens'
      when f.permissive
        and f.command in ('update', 'delete')
        and (f.relation, 'select', f.role) not in (select relation, command, role from open_to)
        and (f.relation, 'select', 0) not in (select relation, command, role from open_to)
        then 'no select policy lets it find a row'
      when f.permissive
        and f.role <> 0
        and not has_table_privilege(f.role, f.relation, f.command)
        and not (
          f.command <> 'delete'
          and has_any_column_privilege(
            f.role, f.relation, case f.command when 'delete' then 'select' else f.command end
          )
        )
        then f.command || ' is not granted'
    end as reason
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
