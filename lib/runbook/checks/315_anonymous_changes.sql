-- title: Anonymous visitors change only rows they can show to be theirs
-- group: No security gaps
-- level: FAIL
-- needs: role anon
-- examines: update and delete policies that apply to anon
-- why: A condition that asks nothing about the request, only about the row, is met by every
--   visitor: status = 'draft' means that anybody may change every draft.
-- mend: Compare the row with something only its owner can present, such as a token from the request
--   headers; or take the policy away from anon.
-- note: Conditions that are always true are in check 214. Found by structure: anon holds the grant,
--   and the condition calls no function outside pg_catalog except current_setting(), and reads no
--   other relation.
with
examined as (
  select f.*, code.using_code
  from faced f
  join code on code.policy = f.oid
  where f.permissive
    and f.rls
    and f.role_name = 'anon'
    and f.command in ('update', 'delete')
    and case f.command
      when 'update' then has_any_column_privilege('anon', f.relation, 'update')
      else has_table_privilege('anon', f.relation, 'delete')
    end
)
select
  name as object,
  'a condition that identifies the visitor' as expected,
  format('%s if %s', string_agg(command, ' and ' order by command), lets_in) as observed
from examined
where lets_in <> 'false'
  and not always
  and using_code !~ '\mcurrent_setting\('
  and not exists (select from reads where reads.policy = examined.oid)
  and not exists (
    select
    from pg_depend d
    where d.classid = 'pg_policy'::regclass
      and d.objid = examined.oid
      and d.refclassid = 'pg_proc'::regclass
  )
group by name, lets_in;
