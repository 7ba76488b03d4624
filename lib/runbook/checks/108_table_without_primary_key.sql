-- title: Every table has a primary key
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: tables
-- why: Without one, a row cannot be addressed, replicated or told from its duplicate.
-- mend: alter table … add primary key (…), or add an identity column for it.
with examined as (
  select * from tables where not is_partition
)
select t.name as object, 'a primary key' as expected, 'none' as observed
from examined t
where not exists (
  select from pg_constraint con where con.conrelid = t.oid and con.contype = 'p'
);
