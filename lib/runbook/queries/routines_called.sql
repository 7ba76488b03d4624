-- These functions, how often this session has called them since it last reported, and whether that
-- can be known: a plain SQL function may have been put into its caller and is not counted then.
select n.nspname as schema,
       p.proname as name,
       pg_catalog.oidvectortypes(p.proargtypes) as arguments,
       coalesce(pg_catalog.pg_stat_get_xact_function_calls(p.oid), 0) as calls,
       l.lanname = 'sql' and not p.prosecdef and p.proconfig is null as inlined,
       l.lanname in ('c', 'internal') as compiled
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
where n.nspname = any(%(schemas)s::text[])
  and p.proname = any(%(names)s::text[])
  and p.prokind in ('f', 'p')
order by n.nspname, p.proname, arguments
