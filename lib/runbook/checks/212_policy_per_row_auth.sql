-- title: Policies ask who is calling once, not for every row
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: policies
-- why: auth.uid() and current_setting() are evaluated again for every row unless they stand in a
--   sub-select of their own, which the planner evaluates once.
-- mend: Write (select auth.uid()) instead of auth.uid(); the same for auth.jwt(), auth.role(),
--   auth.email() and current_setting(…).
-- note: Found in the printed expression: a call counts as wrapped when it directly follows SELECT,
--   parentheses, casts and function names aside.
with
examined as (
  select
    p.name,
    regexp_replace(
      concat(code.using_code, ' ', code.check_code),
      'SELECT ([a-z_][a-z0-9_.]*\(|\()*(auth\.(uid|jwt|role|email)\(|current_setting\()',
      'SELECT (',
      'gi'
    ) as unwrapped
  from policies p
  join code on code.policy = p.oid
)
select
  name as object,
  'the call inside (select …)' as expected,
  'calls ' || substring(unwrapped from '((?:auth\.(?:uid|jwt|role|email)|\mcurrent_setting)\()')
    || ') for every row' as observed
from examined
where unwrapped ~ '(auth\.(uid|jwt|role|email)|\mcurrent_setting)\(';
