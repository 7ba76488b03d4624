-- title: No view shows the API what auth.users holds
-- group: No security gaps
-- level: FAIL
-- needs: relation auth.users, role anon, role authenticated
-- examines: views and materialized views that the API roles may read
-- why: auth.users holds every user's address, phone and metadata. A view on it that reads as its
--   owner hands that to whoever may read the view.
-- mend: Keep what is public in a profiles table with policies; drop the view, or make it
--   security_invoker.
with examined as (
  select distinct v.*
  from relations v
  join readable on readable.relation = v.oid
  where v.kind in ('v', 'm') and not v.platform
)
select
  v.name as object,
  'nothing of auth.users' as expected,
  'read by ' || string_agg(distinct leaks.role_name, ', ' order by leaks.role_name) as observed
from examined v
join leaks on leaks.view = v.oid and leaks.target = to_regclass('auth.users')
group by v.name;
