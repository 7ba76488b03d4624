-- title: Every foreign key has an index behind it
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: foreign keys
-- why: Deleting or re-keying a parent reads the whole child table once for each row, under lock;
--   and the usual join has no index to use.
-- mend: create index concurrently on <child> (<columns of the key>);
-- note: An index counts when its first columns are those of the key, in any order, and it covers
--   every row, but for rows where the key is null.
with examined as (
  select * from foreign_keys
)
select
  fk.name as object,
  'an index that begins with its columns' as expected,
  'none on ' || (
    select string_agg(quote_ident(a.attname), ', ' order by pair.position)
    from unnest(fk.child_columns) with ordinality pair (number, position)
    join pg_attribute a on a.attrelid = fk.child and a.attnum = pair.number
  ) as observed
from examined fk
where not exists (
  select
  from indexes i
  where i.relation = fk.child
    and i.is_valid
    and i.method in ('btree', 'hash', 'gist')
    and i.columns[1:cardinality(fk.child_columns)] @> fk.child_columns
    and i.columns[1:cardinality(fk.child_columns)] <@ fk.child_columns
    and (i.predicate is null or i.predicate ~ '^\([^()]+ IS NOT NULL\)$')
);
