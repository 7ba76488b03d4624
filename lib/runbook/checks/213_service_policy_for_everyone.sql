-- title: Policies named for the service role are for it alone
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: policies named for the service role
-- why: A policy without `to` is for everybody. "Service role can manage …" with using (true) opens
--   the table to every visitor; and the service role needs no policy at all.
-- mend: Drop it: service_role bypasses row-level security. Or add `to service_role`.
-- note: Named for: its name holds the words service role, service_role, service key or serverside.
with examined as (
  select *
  from policies
  where bare_name ~* '(service[ _-]*(role|key|account)|server[ _-]*side)'
)
select name as object, 'to service_role only' as expected, 'to ' || role_lists.names as observed
from examined
join role_lists on role_lists.policy = examined.oid
where permissive
  and (
    0 = any (roles)
    or exists (select from api_roles role where role.oid = any (roles))
  )
  and coalesce(using_expression, 'true') !~ '\mservice_role\M'
  and coalesce(check_expression, 'true') !~ '\mservice_role\M'
  and concat(using_expression, check_expression) <> 'false';
