-- title: No index is the beginning of another one
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: indexes
-- why: A longer index that starts with the same columns answers the same questions; the shorter one
--   is written with every row for nothing.
-- mend: drop index concurrently … the shorter one, unless its size is why it is there.
with
examined as (
  select * from indexes where is_valid and not is_partition
)
select
  short.name as object,
  'columns that no other index begins with' as expected,
  'beginning of ' || string_agg(long.name, ', ' order by long.name collate "C") as observed
from examined short
join examined long
  on long.relation = short.relation
  and long.oid <> short.oid
  and long.method = 'btree'
  and long.columns[1:cardinality(short.columns)] = short.columns
  and long.classes[1:cardinality(short.columns)] = short.classes
  and long.collations[1:cardinality(short.columns)] = short.collations
  and long.options[1:cardinality(short.columns)] = short.options
  and long.predicate is not distinct from short.predicate
  and (cardinality(long.columns) > cardinality(short.columns) or long.is_unique)
where short.method = 'btree'
  and not short.is_unique
  and not short.is_constraint
  and short.expressions is null
  and long.expressions is null
  and cardinality(short.all_columns) = cardinality(short.columns)
group by short.name;
