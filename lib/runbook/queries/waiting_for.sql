-- How many sessions wait for a lock of the session $pid, or behind it in the queue for one; and for
-- how long the first of them has waited, in seconds.
select count(distinct w.pid),
       extract(epoch from clock_timestamp() - min(l.waitstart))::float8
from pg_catalog.pg_stat_activity w
join pg_catalog.pg_locks l on l.pid = w.pid and not l.granted
where w.wait_event_type = 'Lock'
  and %(pid)s = any(pg_catalog.pg_blocking_pids(w.pid))
