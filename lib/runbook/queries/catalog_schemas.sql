-- Which schemas and extensions exist?
select 'schema' as kind, array[n.nspname::text] as names,
       jsonb_build_object('owner', pg_get_userbyid(n.nspowner)) as definition,
       '' as owner
from pg_namespace as n
where n.oid = any (%(schemas)s::oid[])
  and not exists (
      select from pg_depend as d
      where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
  )
union all
select 'extension', array[e.extname::text],
       jsonb_build_object('schema', n.nspname, 'version', e.extversion),
       ''
from pg_extension as e
join pg_namespace as n on n.oid = e.extnamespace
order by kind, names
