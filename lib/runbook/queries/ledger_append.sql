-- One event; the trigger gives it its place, time and hash.
insert into runbook.events (run, operator, phase, version, stage, state, detail)
values (%(run)s, %(operator)s, %(phase)s, %(version)s, %(stage)s, %(state)s, %(detail)s)
returning seq, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'), hash
