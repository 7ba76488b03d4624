-- Which row level security policies exist, for whom and for what?
select 'policy' as kind, array[n.nspname::text, c.relname::text, p.polname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'command', case p.polcmd
               when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
               when 'd' then 'delete' else 'all' end,
           'permissive', p.polpermissive,
           'roles', (
               select jsonb_agg(r.name order by r.name collate "C")
               from (
                   select case when u.oid = 0 then 'public' else pg_get_userbyid(u.oid)::text end
                   from unnest(p.polroles) as u (oid)
               ) as r (name)
           ),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'check', pg_get_expr(p.polwithcheck, p.polrelid)
       )) as definition,
       'r' || p.polrelid as owner
from pg_policy as p
join pg_class as c on c.oid = p.polrelid
join pg_namespace as n on n.oid = c.relnamespace
where p.polrelid = any (%(relations)s::oid[])
order by names
