-- title: Queues that the API serves have row-level security
-- group: No security gaps
-- level: FAIL
-- needs: schema pgmq, schema pgmq_public
-- examines: queue tables
-- why: With pgmq_public in the API, whoever may call it reads and deletes the messages of every
--   queue whose row-level security is off.
-- mend: alter table pgmq.q_… enable row level security; with policies for those who should use it.
with examined as (
  select format('%I.%I', n.nspname, c.relname) as name, c.relrowsecurity as rls
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'pgmq' and c.relkind in ('r', 'p') and c.relname like 'q\_%'
)
select name as object, 'row-level security enabled' as expected, 'disabled' as observed
from examined
where not rls;
