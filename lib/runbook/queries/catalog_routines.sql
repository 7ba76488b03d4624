-- Which functions, procedures and aggregates exist, and what does each do with whose rights?
select 'function' as kind,
       array[n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes)] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'form', case p.prokind
               when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function'
               else 'function' end,
           'arguments', pg_get_function_arguments(p.oid),
           'returns', pg_get_function_result(p.oid),
           'language', l.lanname,
           'volatility', case p.provolatile
               when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
           'security', case when p.prosecdef then 'definer' else 'invoker' end,
           'strict', p.proisstrict,
           'leakproof', p.proleakproof,
           'parallel', p.proparallel,
           'cost', p.procost,
           'rows', nullif(p.prorows, 0),
           'settings', (select jsonb_agg(s order by s collate "C") from unnest(p.proconfig) as s),
           'owner', pg_get_userbyid(p.proowner),
           'library', p.probin,
           'body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
           'aggregate', (
               select jsonb_strip_nulls(jsonb_build_object(
                   'transition', a.aggtransfn::regprocedure::text,
                   'final', nullif(a.aggfinalfn::oid, 0)::regprocedure::text,
                   'state', format_type(a.aggtranstype, null),
                   'initial', a.agginitval))
               from pg_aggregate as a where a.aggfnoid = p.oid
           )
       )) as definition,
       'f' || p.oid as owner
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where p.oid = any (%(routines)s::oid[])
order by names
