-- title: Being signed in is not all that a write asks for
-- group: No security gaps
-- level: WARN
-- needs: nothing
-- examines: permissive policies for writing
-- why: A condition that only asks whether somebody is signed in lets any user change every other
--   user's rows.
-- mend: Compare a column of the row with the caller: owner_id = (select auth.uid()).
-- note: Found by structure: the condition calls functions, and reads neither a column of the row
--   nor another table.
with
examined as (
  select *
  from policies
  where permissive
    and command <> 'select'
    and exists (
      select from unnest(roles) member where member not in (select oid from server_roles)
    )
),
judged as (
  select name, command, role_lists.names as role_names, condition.expression
  from examined
  join role_lists on role_lists.policy = examined.oid
  cross join lateral (
    values (using_expression), (check_expression)
  ) condition (expression)
  cross join lateral (
    select
      case condition.expression
        when examined.using_expression then p.polqual::text
        else p.polwithcheck::text
      end as tree
    from pg_policy p
    where p.oid = examined.oid
  ) parsed
  where condition.expression is not null
    and parsed.tree ~ '\{FUNCEXPR'
    and parsed.tree !~ '\{VAR '
    and condition.expression !~ '\m(service_role|app_metadata|user_metadata|aal)\M'
)
select
  name as object,
  'a condition on the row' as expected,
  format(
    '%s by %s if %s', command, role_names, string_agg(distinct expression, ' and ' order by expression)
  ) as observed
from judged
group by name, command, role_names;
