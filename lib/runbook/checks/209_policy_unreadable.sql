-- title: Policies read only what their roles may read
-- group: RLS policies not conflicting
-- level: FAIL
-- needs: nothing
-- examines: policies that read other relations or call functions
-- why: A policy's sub-select and its functions run with the rights of whoever asks. Where those are
--   missing, every query on the table fails with "permission denied", as that role only.
-- mend: Grant the column or the function to the role, or move the look-up into a SECURITY DEFINER
--   function with a pinned search_path.
with
uses as (
  select
    p.oid as policy,
    p.relation,
    p.name as policy_name,
    p.exposed,
    d.refclassid,
    d.refobjid as object,
    d.refobjsubid as column_number
  from policies p
  join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
  where p.rls
    and (
      d.refclassid = 'pg_proc'::regclass
      -- A table's own columns are read on behalf of the policy without a look at privileges.
      or (d.refclassid = 'pg_class'::regclass and d.refobjid <> p.relation)
    )
),
examined as (
  select distinct policy from uses
),
asking as (
  select uses.*, a.role, a.role_name
  from uses
  join audiences a on a.policy = uses.policy
  where has_any_column_privilege(a.role, uses.relation, 'select, insert, update')
    or has_table_privilege(a.role, uses.relation, 'delete')
)
select
  format('%s for %s', f.policy_name, f.role_name) as object,
  format('%s may %s', f.role_name, need.verb) as expected,
  need.name || ' is denied' as observed
from asking f
cross join lateral (
  select
    'execute it' as verb,
    format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where f.refclassid = 'pg_proc'::regclass
    and p.oid = f.object
    and not has_function_privilege(f.role, p.oid, 'execute')
  union all
  select 'read it', concat(format('%I.%I', n.nspname, c.relname), '.' || quote_ident(a.attname))
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a
    on a.attrelid = c.oid and a.attnum = f.column_number and f.column_number > 0
  where f.refclassid = 'pg_class'::regclass
    and c.oid = f.object
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not case
      when a.attnum is null then has_any_column_privilege(f.role, c.oid, 'select')
      else has_column_privilege(f.role, c.oid, a.attnum, 'select')
    end
) need;
