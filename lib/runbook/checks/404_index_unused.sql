-- title: Every index of a busy table is used
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: larger indexes of tables that are read
-- why: An index that no query uses is written with every row and cached for nobody.
-- mend: Look at replicas and at rare reports first; then drop index concurrently ….
-- note: Says something only after evidence: the table was read runbook.min_reads (10,000) times
--   since the statistics were reset, and the index has runbook.min_index_pages (128) pages.
with
examined as (
  select i.name, i.is_unique, i.is_constraint, stat.idx_scan, read.times
  from indexes i
  cross join thresholds
  join pg_stat_all_indexes stat on stat.indexrelid = i.oid
  join pg_stat_all_tables tab on tab.relid = i.relation
  cross join lateral (select coalesce(tab.seq_scan, 0) + coalesce(tab.idx_scan, 0) as times) read
  where i.pages >= thresholds.min_index_pages
    and read.times >= thresholds.min_reads
)
select
  name as object,
  'used at least once' as expected,
  format('never, in %s reads of its table', times) as observed
from examined
where idx_scan = 0 and not is_unique and not is_constraint;
