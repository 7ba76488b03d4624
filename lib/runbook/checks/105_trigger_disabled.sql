-- title: No trigger is disabled
-- group: No orphaned records
-- level: FAIL
-- needs: nothing
-- examines: triggers
-- why: A rule that was switched off for a bulk load and never switched on again is missed only when
--   the rows it should have kept in order are wrong.
-- mend: alter table … enable trigger …; event triggers: alter event trigger … enable.
with examined as (
  select format('%s (%I)', t.name, g.tgname) as name, g.tgenabled as enabled
  from pg_trigger g
  join relations t on t.oid = g.tgrelid
  where not g.tgisinternal
  union all
  select format('event trigger %I', e.evtname), e.evtenabled
  from pg_event_trigger e
  where not exists (
    select from members m where m.classid = 'pg_event_trigger'::regclass and m.objid = e.oid
  )
)
select
  name as object,
  'enabled' as expected,
  case enabled when 'R' then 'fires on replicas only' else 'disabled' end as observed
from examined
where enabled in ('D', 'R');
