-- The issues of all migrations, and their resolutions, in order.
select version, operator, state, detail
from runbook.events
where stage = 'issue'
order by seq
