-- title: Policies for signed-in users know about anonymous sign-ins
-- group: No security gaps
-- level: WARN
-- needs: column auth.users.is_anonymous, role authenticated
-- examines: policies for authenticated where anonymous sign-ins are in use
-- why: Whoever signs in anonymously has the role authenticated as well. A policy that is content
--   with the role lets every visitor pass who asked for a session.
-- mend: Compare the row with (select auth.uid()), or ask for (select (auth.jwt() ->>
--   'is_anonymous')::boolean) is false.
-- note: In use means that auth.users holds an anonymous user. A condition counts as knowing when it
--   names is_anonymous, calls auth.uid(), or calls a function of the project.
with examined as (
  select p.*, concat_ws(' ', code.using_code, code.check_code) as code
  from policies p
  join code on code.policy = p.oid
  where p.permissive
    and p.rls
    and exists (select from audiences a where a.policy = p.oid and a.role_name = 'authenticated')
    and exists (select from auth.users u where u.is_anonymous)
)
select
  name as object,
  'a condition on who signed in' as expected,
  format('%s if %s', command, coalesce(using_expression, check_expression)) as observed
from examined e
where concat_ws(' ', using_expression, check_expression) !~ '\mis_anonymous\M'
  and code !~ '\mauth\.uid\('
  and coalesce(using_expression, check_expression) <> 'false'
  and not exists (
    select
    from pg_depend d
    join functions f on f.oid = d.refobjid
    where d.classid = 'pg_policy'::regclass
      and d.objid = e.oid
      and d.refclassid = 'pg_proc'::regclass
  );
