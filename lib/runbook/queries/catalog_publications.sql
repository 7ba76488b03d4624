-- What is published, and which event triggers, foreign servers and statistics exist?
select 'publication' as kind, array[p.pubname::text] as names,
       jsonb_build_object(
           'all_tables', p.puballtables, 'via_root', p.pubviaroot,
           'operations', to_jsonb(array_remove(array[
               case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
               case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end
           ], null)),
           'owner', pg_get_userbyid(p.pubowner)
       ) as definition,
       '' as owner
from pg_publication as p
union all
select 'published table', array[p.pubname::text, n.nspname::text, c.relname::text],
       jsonb_strip_nulls(jsonb_build_object(
           'where', pg_get_expr(r.prqual, r.prrelid),
           'columns', (
               select jsonb_agg(a.attname order by a.attnum)
               from pg_attribute as a where a.attrelid = c.oid and a.attnum = any (r.prattrs)
           )
       )),
       ''
from pg_publication_rel as r
join pg_publication as p on p.oid = r.prpubid
join pg_class as c on c.oid = r.prrelid
join pg_namespace as n on n.oid = c.relnamespace
where r.prrelid = any (%(relations)s::oid[])
union all
select 'published schema', array[p.pubname::text, n.nspname::text], '{}'::jsonb, ''
from pg_publication_namespace as r
join pg_publication as p on p.oid = r.pnpubid
join pg_namespace as n on n.oid = r.pnnspid
union all
select 'event trigger', array[v.evtname::text],
       jsonb_strip_nulls(jsonb_build_object(
           'event', v.evtevent, 'enabled', v.evtenabled, 'tags', to_jsonb(v.evttags),
           'function', jsonb_build_array(n.nspname, f.proname),
           'owner', pg_get_userbyid(v.evtowner)
       )),
       ''
from pg_event_trigger as v
join pg_proc as f on f.oid = v.evtfoid
join pg_namespace as n on n.oid = f.pronamespace
where not exists (
    select from pg_depend as d
    where d.classid = 'pg_event_trigger'::regclass and d.objid = v.oid and d.deptype = 'e'
)
union all
select 'statistics', array[n.nspname::text, s.stxname::text],
       jsonb_strip_nulls(jsonb_build_object(
           'table', jsonb_build_array(tn.nspname, t.relname),
           'columns', (
               select jsonb_agg(a.attname order by a.attname collate "C")
               from pg_attribute as a where a.attrelid = t.oid and a.attnum = any (s.stxkeys)
           ),
           'definition', pg_get_statisticsobjdef(s.oid)
       )),
       ''
from pg_statistic_ext as s
join pg_class as t on t.oid = s.stxrelid
join pg_namespace as tn on tn.oid = t.relnamespace
join pg_namespace as n on n.oid = s.stxnamespace
where s.stxrelid = any (%(relations)s::oid[])
union all
select 'foreign server', array[s.srvname::text],
       jsonb_strip_nulls(jsonb_build_object(
           'wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion,
           'owner', pg_get_userbyid(s.srvowner)
       )),
       ''
from pg_foreign_server as s
join pg_foreign_data_wrapper as w on w.oid = s.srvfdw
order by kind, names
