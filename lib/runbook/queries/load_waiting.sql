-- Which sessions of the load wait for a lock that the migration's session holds, or waits for ahead
-- of them?
select w.application_name
from pg_catalog.pg_stat_activity w
where w.datname = pg_catalog.current_database()
  and w.application_name like 'runbook load %%'
  and w.wait_event_type = 'Lock'
  and %(pid)s = any(pg_catalog.pg_blocking_pids(w.pid))
order by w.application_name
