-- Which of these functions have a body that can be compiled, and with which search_path?
select w.position, p.oid,
       (select substr(s, 13) from unnest(p.proconfig) as s where s like 'search\_path=%%')
from unnest(%(schemas)s::text[], %(functions)s::text[], %(arguments)s::text[])
    with ordinality as w (schema, name, arguments, position)
join pg_catalog.pg_namespace as n on n.nspname = w.schema
join pg_catalog.pg_proc as p
    on p.pronamespace = n.oid
    and p.proname = w.name
    and pg_catalog.oidvectortypes(p.proargtypes) = w.arguments
join pg_catalog.pg_language as l on l.oid = p.prolang
where l.lanname in ('plpgsql', 'sql')
  and p.prokind in ('f', 'p')
  and p.prosqlbody is null
order by w.position
