-- Every ordinary table outside of the system's and the runbook's schemas, with what this session's
-- transaction did to its rows. Constant time per table: nothing is scanned.
select
    c.oid,
    format('%%I.%%I', n.nspname, c.relname)                     as name,
    pg_catalog.pg_relation_filenode(c.oid)                      as filenode,
    pg_catalog.pg_relation_size(c.oid) > 0                      as has_rows,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), 0) as inserted,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), 0)  as updated,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), 0)  as deleted,
    coalesce(d.columns, 0)                                      as dropped_columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join (
    select a.attrelid, count(*) as columns
    from pg_catalog.pg_attribute a
    where a.attnum > 0 and a.attisdropped
    group by a.attrelid
) as d on d.attrelid = c.oid
where c.relkind = 'r'
  and c.relpersistence <> 't'
  and n.nspname not like 'pg\_%%'
  and n.nspname not in ('information_schema', 'runbook', 'supabase_migrations')
order by name
