-- title: Every index is valid
-- group: Performance acceptable
-- level: FAIL
-- needs: nothing
-- examines: indexes
-- why: What an interrupted CREATE INDEX CONCURRENTLY leaves behind costs every write and answers no
--   query; a unique one does not guard what it promises.
-- mend: reindex index concurrently …, or drop index concurrently … and create it anew; for an index
--   on a partitioned table, attach the missing partitions' indexes.
with examined as (
  select * from indexes
)
select name as object, 'valid' as expected, 'INVALID' as observed
from examined
where not is_valid;
