-- The manifests that the ledger knows, in the order of their events.
select detail ->> 'manifest'
from runbook.events
where stage = 'record'
order by seq
