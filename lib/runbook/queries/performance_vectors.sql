-- The vector indexes, each with its table, column and the operator that it orders by.
select pg_catalog.format('%I.%I', t_space.nspname, t.relname),
       pg_catalog.quote_ident(a.attname),
       pg_catalog.format('operator(%I.%s)', op_space.nspname, op.oprname),
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       i.relname::text,
       am.amname::text
from pg_catalog.pg_index as x
join pg_catalog.pg_class as i on i.oid = x.indexrelid
join pg_catalog.pg_am as am on am.oid = i.relam and am.amname in ('hnsw', 'ivfflat')
join pg_catalog.pg_class as t on t.oid = x.indrelid
join pg_catalog.pg_namespace as t_space on t_space.oid = t.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = x.indkey[0]
join pg_catalog.pg_opclass as class on class.oid = x.indclass[0]
join pg_catalog.pg_amop as strategy
  on strategy.amopfamily = class.opcfamily
  and strategy.amoppurpose = 'o'
  and strategy.amoplefttype = class.opcintype
join pg_catalog.pg_operator as op on op.oid = strategy.amopopr
join pg_catalog.pg_namespace as op_space on op_space.oid = op.oprnamespace
where x.indpred is null
order by t_space.nspname collate "C", t.relname collate "C", i.relname collate "C"
