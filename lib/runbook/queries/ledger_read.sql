-- Events in order, of one version or of all.
select seq, at, run, operator, phase, version, stage, state, detail, hash
from runbook.events
where %(version)s::text is null or version = %(version)s
order by seq
