-- What became of the tables that this session's transaction may have changed, and under which locks?
-- Whatever writes a row, drops, empties or rewrites a table holds a lock harder than a reader's on
-- it until the transaction ends, so nothing is missed, and untouched tables cost nothing.
-- `there` is false of a table that is gone.
with held (oid, modes) as (
    select l.relation, array_agg(l.mode order by l.mode)
    from pg_catalog.pg_locks l
    where l.pid = pg_catalog.pg_backend_pid()
      and l.locktype = 'relation'
      and l.granted
      and l.mode <> 'AccessShareLock'
      and l.relation >= 16384
    group by l.relation
)
select
    h.oid,
    h.modes,
    c.oid is not null                                           as there,
    case when c.oid is not null then format('%%I.%%I', n.nspname, c.relname) end as name,
    pg_catalog.pg_relation_filenode(c.oid)                      as filenode,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), 0) as inserted,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), 0)  as updated,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), 0)  as deleted,
    (
        select count(*)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and a.attisdropped
    )                                                           as dropped_columns
from held h
left join pg_catalog.pg_class c on c.oid = h.oid
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by h.oid
