-- What do the comments say?
with object (kind, names, classid, objid, objsubid, owner) as (
    select case c.relkind
               when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
               when 'f' then 'foreign table' when 'c' then 'type' else 'table' end,
           array[n.nspname::text, c.relname::text], 'pg_class'::regclass::oid, c.oid, 0,
           'r' || c.oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = any (%(relations)s::oid[])
    union all
    select 'column', array[n.nspname::text, c.relname::text, a.attname::text],
           'pg_class'::regclass, c.oid, a.attnum, 'r' || c.oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
    where c.oid = any (%(relations)s::oid[])
    union all
    select 'index', array[n.nspname::text, x.relname::text], 'pg_class'::regclass, x.oid, 0,
           'r' || i.indrelid
    from pg_index as i
    join pg_class as x on x.oid = i.indexrelid
    join pg_namespace as n on n.oid = x.relnamespace
    where i.indrelid = any (%(relations)s::oid[])
    union all
    select 'constraint', array[n.nspname::text, c.relname::text, k.conname::text],
           'pg_constraint'::regclass, k.oid, 0, 'r' || c.oid
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where k.conrelid = any (%(relations)s::oid[])
    union all
    select 'policy', array[n.nspname::text, c.relname::text, p.polname::text],
           'pg_policy'::regclass, p.oid, 0, 'r' || c.oid
    from pg_policy as p
    join pg_class as c on c.oid = p.polrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where p.polrelid = any (%(relations)s::oid[])
    union all
    select 'trigger', array[n.nspname::text, c.relname::text, g.tgname::text],
           'pg_trigger'::regclass, g.oid, 0, 'r' || c.oid
    from pg_trigger as g
    join pg_class as c on c.oid = g.tgrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where g.tgrelid = any (%(relations)s::oid[])
    union all
    select 'function', array[n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes)],
           'pg_proc'::regclass, p.oid, 0, 'f' || p.oid
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where p.oid = any (%(routines)s::oid[])
    union all
    select 'type', array[n.nspname::text, t.typname::text], 'pg_type'::regclass, t.oid, 0,
           't' || t.oid
    from pg_type as t
    join pg_namespace as n on n.oid = t.typnamespace
    where t.oid = any (%(types)s::oid[])
    union all
    select 'schema', array[n.nspname::text], 'pg_namespace'::regclass, n.oid, 0,
           ''
    from pg_namespace as n
    where n.oid = any (%(schemas)s::oid[])
    union all
    select 'extension', array[e.extname::text], 'pg_extension'::regclass, e.oid, 0,
           ''
    from pg_extension as e
    union all
    select 'publication', array[p.pubname::text], 'pg_publication'::regclass, p.oid, 0,
           ''
    from pg_publication as p
    union all
    select 'event trigger', array[v.evtname::text], 'pg_event_trigger'::regclass, v.oid, 0,
           ''
    from pg_event_trigger as v
)
select 'comment' as kind, o.kind || o.names as names,
       jsonb_build_object('text', d.description) as definition, o.owner
from object as o
join pg_description as d
    on d.classoid = o.classid and d.objoid = o.objid and d.objsubid = o.objsubid
order by names
