-- title: Tables with policies have row-level security on
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: tables with policies
-- why: Policies on a table whose row-level security is off are text that protects nothing.
-- mend: alter table … enable row level security;
with examined as (
  select relation_name, rls, count(*) as policies
  from policies
  group by relation_name, rls
)
select
  relation_name as object,
  'row-level security enabled' as expected,
  'disabled, with ' || case policies when 1 then '1 policy' else policies || ' policies' end as observed
from examined
where not rls;
