-- The user triggers of these tables with their state, so that it can be put back exactly.
select format('%%I.%%I', n.nspname, c.relname) as table_name, t.tgname::text, t.tgenabled::text
from pg_catalog.pg_trigger as t
join pg_catalog.pg_class as c on c.oid = t.tgrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where not t.tgisinternal
  and t.tgenabled <> 'D'
  and t.tgrelid in (select pg_catalog.to_regclass(w.name) from unnest(%(tables)s::text[]) as w (name))
order by 1, 2
