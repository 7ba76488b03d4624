-- The ledger's spine: place, time, run and hash of each event, and what `record` events say.
select seq,
       to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as at,
       run, hash, stage,
       detail ->> 'record' as record,
       detail ->> 'manifest' as manifest,
       detail ->> 'archive' as archive
from runbook.events
order by seq
