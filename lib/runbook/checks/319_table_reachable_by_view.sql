-- title: No view leads the API roles past a table's policies
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: tables with row-level security
-- why: The policies of the table hold for whoever reads the table. Through a view that reads as its
--   owner, or a materialized one, at any depth, the same rows are read without them.
-- mend: alter view … set (security_invoker = true) on each view on the way, or revoke select on it.
-- note: A role for which a select policy of the table is always true gains nothing and is left out.
with examined as (
  select * from relations where kind in ('r', 'p') and rls
)
select
  t.name as object,
  leaks.role_name || ' reads it through its policies only' as expected,
  'read through ' || string_agg(distinct leaks.view_name, ', ' order by leaks.view_name) as observed
from examined t
join leaks on leaks.target = t.oid
where not exists (
    select
    from faced f
    where f.relation = t.oid
      and f.role = leaks.role
      and f.permissive
      and f.command = 'select'
      and f.always
  )
  -- The owner of the view is not subject to the policies.
  and (
    leaks.owner in (select oid from server_roles)
    or (not t.rls_forced and pg_has_role(leaks.owner, t.owner, 'usage'))
  )
group by t.name, leaks.role_name;
