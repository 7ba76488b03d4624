-- Which migrations has this runbook begun and not closed since their last rollback?
-- A row of the history that was only mended was not begun.
with counting as (
    select e.version, e.seq, e.stage, e.state,
           max(e.seq) filter (where e.stage = 'rollback' and e.state = 'passed')
               over (partition by e.version) as back
    from runbook.events as e
    where e.version <> '' and e.stage <> 'reconcile'
)
select c.version
from counting as c
where c.seq > coalesce(c.back, 0)
group by c.version
having coalesce(
    (array_agg(c.state order by c.seq desc) filter (where c.stage = 'checkpoint'))[1], ''
) <> 'passed'
order by c.version
