-- Which sequences exist, with what bounds, and which column owns them?
select 'sequence' as kind, array[n.nspname::text, c.relname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'type', format_type(s.seqtypid, null),
           'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin,
           'maximum', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
           'persistence', c.relpersistence,
           'owner', pg_get_userbyid(c.relowner),
           'owned_by', (
               select jsonb_build_array(tn.nspname, t.relname, a.attname)
               from pg_depend as d
               join pg_class as t on t.oid = d.refobjid
               join pg_namespace as tn on tn.oid = t.relnamespace
               join pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
               where d.classid = 'pg_class'::regclass and d.objid = c.oid
                 and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
           )
       )) as definition,
       'r' || c.oid as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_sequence as s on s.seqrelid = c.oid
where c.oid = any (%(relations)s::oid[])
order by names
