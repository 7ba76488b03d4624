-- Which privileges do objects get that are yet to be created?
select 'default privilege' as kind,
       array[
           case d.defaclobjtype
               when 'r' then 'table' when 'S' then 'sequence' when 'f' then 'function'
               when 'T' then 'type' when 'n' then 'schema' else 'large object' end,
           coalesce(n.nspname::text, ''), pg_get_userbyid(d.defaclrole)::text, r.role
       ] as names,
       jsonb_build_object('privileges', jsonb_agg(
           r.privilege || case when r.passes_on then '*' else '' end
           order by r.privilege collate "C"
       )) as definition,
       '' as owner
from pg_default_acl as d
left join pg_namespace as n on n.oid = d.defaclnamespace
cross join lateral (
    select case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as role,
           lower(a.privilege_type) as privilege,
           bool_or(a.is_grantable) as passes_on
    from aclexplode(d.defaclacl) as a
    group by 1, 2
) as r
where d.defaclnamespace = 0 or d.defaclnamespace = any (%(schemas)s::oid[])
group by 2
order by names
