-- title: No policy leads back to its own table
-- group: RLS policies not conflicting
-- level: FAIL
-- needs: nothing
-- examines: policies that read relations
-- why: A policy that looks into its own table, or into one whose policies lead back, makes every
--   query fail: infinite recursion detected in policy (42P17). An insert policy that counts the
--   rows of its own table does so too, as soon as a select policy there holds a sub-select.
-- mend: Move the look-up into a SECURITY DEFINER function with a pinned search_path; its owner is
--   not subject to the policy.
-- note: Followed through security_invoker views. What a function reads inside is not seen; with
--   SECURITY DEFINER it does not recurse.
with
examined as (
  select distinct policy from reads
),
roles as (
  -- `0` is anybody whom only policies for public reach.
  select distinct member as oid from policies p cross join lateral unnest(p.roles) member
  union
  select oid from api_roles
),
nested as (
  -- Any sub-select counts here, one that reads no relation, such as (select auth.uid()), as well.
  select oid as policy
  from pg_policy
  where strpos(polqual::text, '{SUBLINK ') > 0 or strpos(polwithcheck::text, '{SUBLINK ') > 0
),
applied as (
  select r.oid as policy, r.relation, r.command, role.oid as role
  from rules r
  join nested on nested.policy = r.oid
  join roles role
    on 0 = any (r.roles)
    or role.oid = any (r.roles)
    or (
      role.oid <> 0
      and exists (
        select from unnest(r.roles) member where pg_has_role(role.oid, member, 'usage')
      )
    )
  where r.rls
    and role.oid not in (select oid from server_roles)
),
seen as (
  -- What a policy reads, with views that are read as the caller taken apart.
  select policy, target from reads
  union
  select seen.policy, inner_reads.target
  from seen
  join relations view on view.oid = seen.target and view.kind = 'v' and view.security_invoker
  join view_reads inner_reads on inner_reads.view = view.oid
),
steps as (
  select distinct a.role, a.policy, a.relation, a.command, seen.target
  from applied a
  join seen on seen.policy = a.policy
),
paths as (
  -- Only tables that some policy reads can lie on a circle.
  select s.role, s.policy, s.relation, s.target
  from steps s
  where s.relation in (select target from steps)
  union
  select paths.role, paths.policy, paths.relation, s.target
  from paths
  join steps s
    on s.role = paths.role and s.relation = paths.target and s.command = 'select'
  where paths.target <> paths.relation
)
select
  p.name as object,
  'a look-up that ends' as expected,
  'leads back to ' || p.relation_name as observed
from policies p
where exists (
  select
  from paths
  where paths.policy = p.oid
    and paths.target = p.relation
    -- On the second visit a select policy of the table has to hold a sub-select for it to fail.
    and exists (
      select
      from applied a
      where a.role = paths.role and a.relation = p.relation and a.command = 'select'
    )
);
