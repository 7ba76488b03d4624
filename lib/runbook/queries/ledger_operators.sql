-- Everyone who ever wrote an event.
select distinct operator
from runbook.events
order by operator
