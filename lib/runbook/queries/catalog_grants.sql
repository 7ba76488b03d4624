-- Who may do what with which object?
-- A privilege list that was never touched is NULL and means the default: it is written out, so
-- that equal rights compare equal. A star marks the right to pass it on.
with object (kind, names, acl, owner) as (
    select case c.relkind when 'S' then 'sequence' else 'table' end,
           array[n.nspname::text, c.relname::text],
           coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)),
           'r' || c.oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = any (%(relations)s::oid[]) and c.relkind <> 'c'
    union all
    select 'column', array[n.nspname::text, c.relname::text, a.attname::text], a.attacl,
           'r' || c.oid
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where a.attrelid = any (%(relations)s::oid[]) and a.attacl is not null and not a.attisdropped
    union all
    select 'function', array[n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes)],
           coalesce(p.proacl, acldefault('f', p.proowner)),
           'f' || p.oid
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace
    where p.oid = any (%(routines)s::oid[])
    union all
    select 'schema', array[n.nspname::text], coalesce(n.nspacl, acldefault('n', n.nspowner)),
           ''
    from pg_namespace as n
    where n.oid = any (%(schemas)s::oid[])
    union all
    select 'type', array[n.nspname::text, t.typname::text],
           coalesce(t.typacl, acldefault('T', t.typowner)),
           't' || t.oid
    from pg_type as t
    join pg_namespace as n on n.oid = t.typnamespace
    where t.oid = any (%(types)s::oid[])
)
select 'grant' as kind, o.kind || o.names || r.role as names,
       jsonb_build_object('privileges', jsonb_agg(
           r.privilege || case when r.passes_on then '*' else '' end
           order by r.privilege collate "C"
       )) as definition,
       o.owner
from object as o
cross join lateral (
    select case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as role,
           lower(a.privilege_type) as privilege,
           bool_or(a.is_grantable) as passes_on
    from aclexplode(o.acl) as a
    group by 1, 2
) as r
group by o.kind, o.names, r.role, o.owner
order by names
