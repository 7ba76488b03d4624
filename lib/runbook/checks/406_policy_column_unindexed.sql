-- title: What policies compare with the caller is indexed
-- group: Performance acceptable
-- level: WARN
-- needs: nothing
-- examines: policies that compare a column with the caller
-- why: The policy is part of every query on the table; without an index each of them reads all rows
--   to keep the caller's few.
-- mend: create index concurrently on <table> (<column>);
-- note: Found in the printed expression: column = (select auth.uid()), or auth.uid(), either way
--   around, for columns of the policy's own table.
with
compared as (
  select distinct
    p.relation,
    p.relation_name,
    coalesce(found.part[1], found.part[2]) as column_name
  from policies p
  join code on code.policy = p.oid
  cross join lateral regexp_matches(
    concat(code.using_code, ' '),
    '\(((?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)) = (?:\( SELECT )?auth\.uid\(\)'
      '|auth\.uid\(\)(?: AS uid\))? = ((?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*))\)',
    'g'
  ) found (part)
  where p.permissive and p.command <> 'insert'
),
examined as (
  select c.*, a.attnum
  from compared c
  join pg_attribute a
    on a.attrelid = c.relation and quote_ident(a.attname) = c.column_name and not a.attisdropped
)
select
  format('%s.%s', e.relation_name, e.column_name) as object,
  'an index that begins with it' as expected,
  'none' as observed
from examined e
where not exists (
  select
  from indexes i
  where i.relation = e.relation and i.is_valid and i.columns[1] = e.attnum
);
