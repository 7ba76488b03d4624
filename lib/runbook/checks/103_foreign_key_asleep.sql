-- title: Every foreign key is watched by its triggers
-- group: All foreign keys valid
-- level: FAIL
-- needs: nothing
-- examines: foreign keys
-- why: A foreign key is enforced by triggers on both tables; with one of them disabled, it is shown
--   as valid and lets orphans in.
-- mend: alter table … enable trigger all, on both tables; then look at check 101.
with examined as (
  select * from foreign_keys
)
select
  fk.name as object,
  'its triggers fire in every session' as expected,
  case asleep.sleeping
    when 1 then '1 trigger does not'
    else asleep.sleeping || ' triggers do not'
  end as observed
from examined fk
join asleep on asleep.foreign_key = fk.oid;
