-- title: No SECURITY DEFINER function can be called by a signed-in user
-- group: No security gaps
-- level: WARN
-- needs: role authenticated
-- examines: SECURITY DEFINER functions in exposed schemas
-- why: The API serves it at /rpc; it runs with its owner's rights and past every policy, for any
--   signed-in user, of any tenant.
-- mend: revoke execute on function … from public, authenticated; if being called is its point, let
--   it check its arguments against the caller, and say so in its comment.
with examined as (
  select * from functions where definer and exposed and not is_trigger
)
select
  name as object,
  'not executable by authenticated' as expected,
  'runs as ' || pg_get_userbyid(owner) as observed
from examined
where has_function_privilege('authenticated', oid, 'execute')
  and has_schema_privilege('authenticated', schema, 'usage');
