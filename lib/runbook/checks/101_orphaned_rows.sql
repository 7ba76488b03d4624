-- title: Every row that points at another finds it
-- group: No orphaned records
-- level: FAIL
-- needs: nothing
-- examines: foreign keys
-- runs: generated
-- why: A row without its parent is data that no query by way of the parent will ever find, and it
--   makes the next dump impossible to restore.
-- mend: Decide row by row: restore the parent, delete the child, or set the reference to null; then
--   alter table … validate constraint ….
-- note: Keys that are validated, enforced and awake are scanned too, as far as the budget goes:
--   rows loaded with session_replication_role = replica got past them.
with
examined as (
  select
    fk.*,
    parent.relkind as parent_kind,
    format('%I.%I', parent_schema.nspname, parent.relname) as parent_name,
    fk.validated
      and fk.enforced
      and not exists (select from asleep a where a.foreign_key = fk.oid) as trusted
  from foreign_keys fk
  join pg_class parent on parent.oid = fk.parent
  join pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
),
pairs as (
  select
    fk.oid,
    string_agg(format('c.%I is null', child.attname), ' or ' order by pair.position) as some_null,
    string_agg(format('c.%I is null', child.attname), ' and ' order by pair.position) as all_null,
    string_agg(
      case
        when fk.temporal and pair.position = cardinality(fk.child_columns)
          then format('p.%I && c.%I', parent.attname, child.attname)
        else format(
          'p.%I%s operator(%I.%s) c.%I',
          parent.attname,
          case
            when parent.attcollation <> child.attcollation and parent.attcollation <> 0
              then (
                select format(' collate %I.%I', n.nspname, coll.collname)
                from pg_collation coll
                join pg_namespace n on n.oid = coll.collnamespace
                where coll.oid = parent.attcollation
              )
            else ''
          end,
          op_schema.nspname,
          op.oprname,
          child.attname
        )
      end,
      ' and ' order by pair.position
    ) as matches,
    max(format('c.%I', child.attname))
      filter (where pair.position = cardinality(fk.child_columns)) as last_child,
    max(format('p.%I', parent.attname))
      filter (where pair.position = cardinality(fk.child_columns)) as last_parent
  from examined fk
  cross join unnest(fk.child_columns, fk.parent_columns, fk.operators)
    with ordinality pair (child, parent, operator, position)
  join pg_attribute child on child.attrelid = fk.child and child.attnum = pair.child
  join pg_attribute parent on parent.attrelid = fk.parent and parent.attnum = pair.parent
  join pg_operator op on op.oid = pair.operator
  join pg_namespace op_schema on op_schema.oid = op.oprnamespace
  group by fk.oid
)
select
  fk.name as object,
  'every row has its row in ' || fk.parent_name as expected,
  concat(
    'select case when count(*) > 0 then count(*) || '' of its rows have none'' end from ',
    case when fk.child_kind = 'p' then '' else 'only ' end, fk.child_name, ' as c where ',
    case
      when fk.match_full then format('not (%s) and (%s or not ', pairs.all_null, pairs.some_null)
      else format('not (%s) and (not ', pairs.some_null)
    end,
    case
      when fk.temporal
        then format('coalesce(%s <@ (select range_agg(%s)', pairs.last_child, pairs.last_parent)
      else 'exists (select'
    end,
    ' from ', case when fk.parent_kind = 'p' then '' else 'only ' end, fk.parent_name, ' as p where ',
    pairs.matches, case when fk.temporal then '), false)' else ')' end, ')'
  ) as scan,
  fk.trusted as trusted,
  fk.child_rows as weight
from examined fk
join pairs on pairs.oid = fk.oid;
