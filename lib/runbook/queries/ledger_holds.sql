-- Whether an event stands at this place with this hash.
select 1
from runbook.events
where seq = %s and hash = %s
