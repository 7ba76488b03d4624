-- Does the language's own validator accept each of these function bodies?
-- It compiles the body as CREATE FUNCTION did, but against the schema as it is now: an SQL body
-- that mentions a column which a later statement dropped is refused.
select p.oid,
       case l.lanname
           when 'plpgsql' then pg_catalog.plpgsql_validator(p.oid)::text
           else pg_catalog.fmgr_sql_validator(p.oid)::text
       end
from pg_catalog.pg_proc as p
join pg_catalog.pg_language as l on l.oid = p.prolang
where p.oid = any (%(routines)s::oid[])
order by p.oid
