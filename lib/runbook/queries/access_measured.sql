-- The access matrices that test stages stored, oldest first, each with its migration; what a
-- migration measured that was rolled back since says nothing of the database any more.
select e.version, e.detail -> 'access'
from runbook.events as e
where e.stage = 'test'
  and e.state = 'passed'
  and e.detail ? 'access'
  and not exists (
      select
      from runbook.events as r
      where r.version = e.version and r.stage = 'rollback' and r.state = 'passed' and r.seq > e.seq
  )
order by e.seq
