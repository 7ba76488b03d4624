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
examined as (
  select
    t.name,
    t.pages,
    ceil(
      t.estimated_rows * (
        -- line pointer and row header, then the columns, each rounded up by half an alignment
        28 + (
          select sum(stats.avg_width * (1 - stats.null_frac) + 2)
          from pg_stats stats
          where stats.schemaname = n.nspname and stats.tablename = c.relname and not stats.inherited
        )
      ) / (
        8168 * coalesce(
          (
            select option.option_value::numeric / 100
            from pg_options_to_table(c.reloptions) option
            where option.option_name = 'fillfactor'
          ),
          1
        )
      )
    )::bigint as needed
  from tables t
  cross join thresholds
  join pg_class c on c.oid = t.oid
  join pg_namespace n on n.oid = c.relnamespace
  where t.kind = 'r'
    and t.pages >= thresholds.min_bloat_pages
    and exists (
      select
      from pg_stats stats
      where stats.schemaname = n.nspname and stats.tablename = c.relname and not stats.inherited
    )
)
select
  name as object,
  format('about %s pages', needed) as expected,
  format('%s pages', pages) as observed
from examined
where needed * 2 < pages;
