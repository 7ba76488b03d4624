-- Who holds locks on the relation that we waited for? Waits show in pg_locks only while they last,
-- so the caller asks from a second session while the first one waits.
select b.pid, b.usename::text, b.application_name, b.state,
       extract(epoch from clock_timestamp() - b.xact_start)::float8 as open_for_s
from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) blocker(pid)
join pg_catalog.pg_stat_activity b on b.pid = blocker.pid
order by open_for_s desc nulls last
