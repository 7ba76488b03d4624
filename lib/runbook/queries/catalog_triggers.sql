-- Which triggers and rules fire, on what, and are they switched on?
select 'trigger' as kind, array[n.nspname::text, c.relname::text, g.tgname::text] as names,
       jsonb_strip_nulls(jsonb_build_object(
           'timing', case
               when g.tgtype & 64 <> 0 then 'instead of'
               when g.tgtype & 2 <> 0 then 'before' else 'after' end,
           'events', to_jsonb(array_remove(array[
               case when g.tgtype & 4 <> 0 then 'insert' end,
               case when g.tgtype & 16 <> 0 then 'update' end,
               case when g.tgtype & 8 <> 0 then 'delete' end,
               case when g.tgtype & 32 <> 0 then 'truncate' end
           ], null)),
           'level', case when g.tgtype & 1 <> 0 then 'row' else 'statement' end,
           'columns', (
               select jsonb_agg(a.attname order by a.attname collate "C")
               from pg_attribute as a
               where a.attrelid = g.tgrelid and a.attnum = any (g.tgattr)
           ),
           'function', jsonb_build_array(fn.nspname, f.proname),
           'when', case when g.tgqual is not null then true end,
           'enabled', case g.tgenabled
               when 'O' then 'origin' when 'D' then 'disabled'
               when 'R' then 'replica' else 'always' end,
           'inherited', case when g.tgparentid <> 0 then true end,
           'definition', pg_get_triggerdef(g.oid)
       )) as definition,
       'r' || g.tgrelid as owner
from pg_trigger as g
join pg_class as c on c.oid = g.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_proc as f on f.oid = g.tgfoid
join pg_namespace as fn on fn.oid = f.pronamespace
where g.tgrelid = any (%(relations)s::oid[])
  and not g.tgisinternal
union all
select 'rule', array[n.nspname::text, c.relname::text, r.rulename::text],
       jsonb_build_object('enabled', r.ev_enabled, 'definition', pg_get_ruledef(r.oid)),
       'r' || r.ev_class
from pg_rewrite as r
join pg_class as c on c.oid = r.ev_class
join pg_namespace as n on n.oid = c.relnamespace
where r.ev_class = any (%(relations)s::oid[])
  and r.rulename <> '_RETURN'
order by kind, names
