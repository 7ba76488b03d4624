-- title: Every foreign key is validated and enforced
-- group: All foreign keys valid
-- level: FAIL
-- needs: nothing
-- examines: foreign keys
-- why: NOT VALID promises nothing about the rows that were there before; NOT ENFORCED promises
--   nothing at all.
-- mend: Mend the rows that check 101 counts, then alter table … validate constraint …; or alter
--   table … alter constraint … enforced.
with examined as (
  select * from foreign_keys
)
select
  name as object,
  'validated and enforced' as expected,
  case when not enforced then 'NOT ENFORCED' else 'NOT VALID' end as observed
from examined
where not (validated and enforced);
