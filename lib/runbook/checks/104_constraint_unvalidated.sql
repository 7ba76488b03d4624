-- title: Every check and not-null constraint is validated
-- group: No orphaned records
-- level: FAIL
-- needs: nothing
-- examines: check and not-null constraints
-- why: NOT VALID says nothing about the rows that were there before it: the planner and the reader
--   believe in a rule that those rows may break.
-- mend: Mend the rows, then alter table … validate constraint … (for a domain: alter domain …).
with examined as (
  select
    coalesce(t.name, format('%I.%I', n.name, ty.typname)) || format(' (%I)', con.conname) as name,
    con.convalidated as validated,
    coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) as enforced
  from pg_constraint con
  left join tables t on t.oid = con.conrelid
  left join pg_type ty on ty.oid = con.contypid
  left join schemas n on n.oid = ty.typnamespace and not n.platform
  where con.contype in ('c', 'n')
    and (t.oid is not null or n.oid is not null)
)
select
  name as object,
  'validated and enforced' as expected,
  case when not enforced then 'NOT ENFORCED' else 'NOT VALID' end as observed
from examined
where not (validated and enforced);
