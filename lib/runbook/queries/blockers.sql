-- Who holds what the session $pid waits for? Waits show in pg_locks only while they last, so this is
-- asked from a second session while the first one waits. Pid 0 is a prepared transaction.
select blocker.pid, b.usename::text, nullif(b.application_name, ''), b.state,
       extract(epoch from clock_timestamp() - b.xact_start)::float8     as open_for_s,
       left(regexp_replace(b.query, '\s+', ' ', 'g'), 60)               as statement
from (select distinct unnest(pg_catalog.pg_blocking_pids(%(pid)s))) as blocker(pid)
left join pg_catalog.pg_stat_activity b on b.pid = blocker.pid
order by open_for_s desc nulls last, blocker.pid
