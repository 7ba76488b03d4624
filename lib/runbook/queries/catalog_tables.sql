-- Which tables exist, and what holds for each as a whole?
select 'table' as kind, array[n.nspname::text, c.relname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'form', case c.relkind
               when 'p' then 'partitioned table' when 'f' then 'foreign table' else 'table' end,
           'persistence', case c.relpersistence when 'u' then 'unlogged' else 'permanent' end,
           'owner', pg_get_userbyid(c.relowner),
           'rls', c.relrowsecurity,
           'rls_forced', c.relforcerowsecurity,
           'options', (select jsonb_agg(o order by o) from unnest(c.reloptions) as o),
           'access_method', (select m.amname from pg_am as m where m.oid = c.relam),
           'replica_identity', case c.relreplident
               when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index' end,
           'of_type', case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
           'partition_key', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
           'partition_bound', case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
           'parents', (
               select jsonb_agg(jsonb_build_array(pn.nspname, p.relname) order by i.inhseqno)
               from pg_inherits as i
               join pg_class as p on p.oid = i.inhparent
               join pg_namespace as pn on pn.oid = p.relnamespace
               where i.inhrelid = c.oid
           ),
           'server', (
               select s.srvname
               from pg_foreign_table as f
               join pg_foreign_server as s on s.oid = f.ftserver
               where f.ftrelid = c.oid
           )
       )) as definition,
       'r' || c.oid as owner
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.oid = any (%(relations)s::oid[])
  and c.relkind in ('r', 'p', 'f')
order by names
