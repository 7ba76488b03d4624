-- title: Tables are not mostly empty space
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: large analyzed tables
-- why: Pages full of dead or free space are read and cached like full ones.
-- mend: Look for what keeps vacuum from its work (old transactions, autovacuum settings); then
--   vacuum full … in a quiet hour, or pg_repack.
-- note: An estimate from the planner's statistics, for tables of runbook.min_bloat_pages (6,400, 50
--   MB) pages or more; reported when more than half of them would do without.
with
large as materialized (
  select
    t.name,
    t.pages,
    t.estimated_rows,
    n.nspname,
    c.relname,
    coalesce(
      (
        select option.option_value::numeric / 100
        from pg_options_to_table(c.reloptions) option
        where option.option_name = 'fillfactor'
      ),
      1
    ) as fill
  from tables t
  cross join thresholds
  join pg_class c on c.oid = t.oid
  join pg_namespace n on n.oid = c.relnamespace
  where t.kind = 'r' and t.pages >= thresholds.min_bloat_pages
),
widths as (
  -- Each column rounded up by half an alignment.
  select stats.schemaname, stats.tablename, sum(stats.avg_width * (1 - stats.null_frac) + 2) as bytes
  from pg_stats stats
  where exists (select from large) and not stats.inherited
  group by stats.schemaname, stats.tablename
),
examined as (
  select
    large.name,
    large.pages,
    -- 28: line pointer and row header; 8168: what a page offers
    ceil(large.estimated_rows * (28 + widths.bytes) / (8168 * large.fill))::bigint as needed
  from large
  join widths on widths.schemaname = large.nspname and widths.tablename = large.relname
)
select
  name as object,
  format('about %s pages', needed) as expected,
  format('%s pages', pages) as observed
from examined
where needed * 2 < pages;
