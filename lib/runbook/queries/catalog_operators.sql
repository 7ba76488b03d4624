-- Which operators, operator classes, casts, collations and search configurations were added?
with own (classid, objid) as (
    select 'pg_operator'::regclass::oid, o.oid from pg_operator as o
    where o.oprnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_opclass'::regclass, o.oid from pg_opclass as o
    where o.opcnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_opfamily'::regclass, o.oid from pg_opfamily as o
    where o.opfnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_collation'::regclass, c.oid from pg_collation as c
    where c.collnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_ts_config'::regclass, c.oid from pg_ts_config as c
    where c.cfgnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_ts_dict'::regclass, c.oid from pg_ts_dict as c
    where c.dictnamespace = any (%(schemas)s::oid[])
    union all
    select 'pg_cast'::regclass, c.oid from pg_cast as c where c.oid >= 16384
)
select i.type as kind, array[i.identity] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'function', (
               select p.oprcode::regprocedure::text from pg_operator as p
               where own.classid = 'pg_operator'::regclass and p.oid = own.objid
           ),
           'cast', (
               select c.castcontext::text || c.castmethod::text
                   || coalesce(' ' || nullif(c.castfunc, 0)::regprocedure::text, '')
               from pg_cast as c
               where own.classid = 'pg_cast'::regclass and c.oid = own.objid
           )
       )) as definition,
       '' as owner
from own
cross join lateral pg_identify_object(own.classid, own.objid, 0) as i
where not exists (
    select from pg_depend as d
    where d.classid = own.classid and d.objid = own.objid and d.deptype = 'e'
)
order by kind, names
