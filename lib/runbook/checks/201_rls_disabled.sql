-- title: Every table of an exposed schema has row-level security
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: tables in exposed schemas
-- why: The API serves these tables to whoever holds the public key; without row-level security the
--   grants are all that stands between a visitor and every row.
-- mend: alter table … enable row level security; then one policy for each command and role.
with examined as (
  select * from tables where exposed
)
select name as object, 'row-level security enabled' as expected, 'disabled' as observed
from examined
where not rls;
