-- Events in order, of one version or of all; times in UTC, whatever the session's settings are.
select seq,
       to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00') as at,
       run, operator, phase, version, stage, state, detail, hash
from runbook.events
where %(version)s::text is null or version = %(version)s
order by seq
