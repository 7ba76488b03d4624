-- title: No policy trusts what users can edit about themselves
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: policies
-- why: user_metadata is written by the user through the auth API; a role or tenant read from there
--   is whatever the user says it is.
-- mend: Read app_metadata, which only the server writes, or a table of your own.
-- note: user_metadata is found in the printed expression, raw_user_meta_data by its dependency too.
with examined as (
  select * from policies
)
select
  p.name as object,
  'no user_metadata in its condition' as expected,
  'reads ' || case
    when concat(p.using_expression, p.check_expression) ~ '\muser_metadata\M' then 'user_metadata'
    else 'raw_user_meta_data'
  end as observed
from examined p
where concat(p.using_expression, ' ', p.check_expression) ~ '\m(user_metadata|raw_user_meta_data)\M'
  or exists (
    select
    from pg_depend d
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_policy'::regclass
      and d.objid = p.oid
      and d.refclassid = 'pg_class'::regclass
      and a.attname = 'raw_user_meta_data'
  );
