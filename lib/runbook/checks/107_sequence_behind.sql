-- title: Every sequence is ahead of the column it feeds
-- group: No orphaned records
-- level: FAIL
-- needs: nothing
-- examines: columns fed by a sequence
-- runs: generated
-- why: After rows were copied in with their keys, the sequence hands out keys that exist: the next
--   insert fails, and the one after it, until somebody notices.
-- note: Besides serial and identity columns, any default that calls nextval() counts; that call is
--   recognised in the text of the default.
-- mend: select setval('<sequence>', (select max(<column>) from <table>));
with
examined as (
  select distinct
    t.oid as relation,
    t.name as relation_name,
    t.estimated_rows,
    a.attname::text as column_name,
    s.seqrelid as sequence,
    format('%I.%I', n.nspname, c.relname) as sequence_name,
    s.seqincrement as step
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid and c.relpersistence <> 't'
  join pg_namespace n on n.oid = c.relnamespace
  join (
    -- identity: the sequence depends on the column
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid as column_number
    from pg_depend d
    where d.classid = 'pg_class'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.deptype = 'i'
      and d.refobjsubid > 0
    union
    -- serial, and any other default: the default depends on the sequence
    select d.refobjid, def.adrelid, def.adnum
    from pg_depend d
    join pg_attrdef def on def.oid = d.objid
    where d.classid = 'pg_attrdef'::regclass
      and d.refclassid = 'pg_class'::regclass
      and pg_get_expr(def.adbin, def.adrelid) like 'nextval(%::regclass)%'
  ) fed on fed.sequence = s.seqrelid
  join tables t on t.oid = fed.relation
  join pg_attribute a on a.attrelid = fed.relation and a.attnum = fed.column_number
  join pg_type own on own.oid = a.atttypid
  where not s.seqcycle
    and not a.attisdropped
    and case when own.typtype = 'd' then own.typbasetype else own.oid end
      in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
)
select
  format('%s.%I', relation_name, column_name) as object,
  sequence_name || ' hands out keys beyond it' as expected,
  format(
    'select case when used.key is not null and used.key %s next.key'
    ' then ''the column holds '' || used.key || '', the sequence hands out '' || next.key end'
    ' from (select %s(%I)::numeric as key from %s) used,'
    ' (select last_value + case when is_called then %s else 0 end::numeric as key from %s) next',
    case when step > 0 then '>=' else '<=' end,
    case when step > 0 then 'max' else 'min' end,
    column_name,
    relation_name,
    step,
    sequence_name
  ) as scan,
  false as trusted,
  estimated_rows as weight
from examined;
