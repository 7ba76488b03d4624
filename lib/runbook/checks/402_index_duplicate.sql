-- title: No index exists twice
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: indexes
-- why: The twin is written with every row and never read.
-- mend: drop index concurrently … the one without a constraint.
with
examined as (
  select * from indexes where is_valid and not is_partition
)
select
  second.name as object,
  'the only one of its kind on ' || second.relation_name as expected,
  'same as ' || string_agg(first.name, ', ' order by first.name collate "C") as observed
from examined second
join examined first
  on first.relation = second.relation
  and first.oid <> second.oid
  and first.method = second.method
  and first.all_columns = second.all_columns
  and first.columns = second.columns
  and first.classes = second.classes
  and first.collations = second.collations
  and first.options = second.options
  and first.is_unique = second.is_unique
  and first.expressions is not distinct from second.expressions
  and first.predicate is not distinct from second.predicate
  -- The one to keep carries a constraint, or comes first by name; an oid changes in a restore.
  and (not first.is_constraint, first.name collate "C")
    < (not second.is_constraint, second.name collate "C")
where not second.is_constraint or first.is_constraint
group by second.name, second.relation_name;
