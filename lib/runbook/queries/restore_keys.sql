-- The foreign keys of these tables that cannot wait for the end of a transaction, with what they
-- are now. Inherited ones follow their parent.
select format('%%I.%%I', n.nspname, c.relname) as table_name, k.conname::text,
       k.condeferrable, k.condeferred
from pg_catalog.pg_constraint as k
join pg_catalog.pg_class as c on c.oid = k.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where k.contype = 'f'
  and k.conparentid = 0
  and not (k.condeferrable and k.condeferred)
  and k.conrelid in (select pg_catalog.to_regclass(w.name) from unnest(%(tables)s::text[]) as w (name))
order by 1, 2
