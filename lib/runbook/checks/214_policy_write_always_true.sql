-- title: No policy lets everybody write every row
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: permissive policies for writing
-- why: An insert, update or delete policy that is always true is row-level security in name only;
--   an update check that is always true lets a user hand a row to somebody else.
-- mend: Name the condition that makes a row the caller's, such as owner_id = (select auth.uid()),
--   or the role that may do this, with `to`.
-- note: "Always true" is read off the printed expression: true, x = x, or `true OR …`.
with examined as (
  select *
  from policies
  where permissive
    and command <> 'select'
    and exists (
      select from unnest(roles) member where member not in (select oid from server_roles)
    )
)
select
  name as object,
  'a condition' as expected,
  concat_ws(
    ', ',
    case when using_always then 'using (true)' end,
    case when check_always then 'with check (true)' end
  ) || format(' for %s to %s', command, role_lists.names) as observed
from examined
join role_lists on role_lists.policy = examined.oid
where using_always or check_always;
