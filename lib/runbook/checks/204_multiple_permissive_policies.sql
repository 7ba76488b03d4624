-- title: One permissive policy for each command and role
-- group: RLS policies not conflicting
-- level: WARN
-- needs: nothing
-- examines: permissive policies
-- why: Permissive policies are joined by OR: each of them runs for every row, and whoever reads one
--   has not read what the table lets through.
-- mend: Make them one policy with OR between the conditions, or name the role of each with `to`.
with
examined as (
  select * from policies where permissive
),
met as (
  -- `public` stands for any role; the roles that some policy names meet the policies for public too.
  select r.relation_name, r.command, r.bare_name, audience.role_name
  from rules r
  join audiences audience on audience.policy = r.oid
  where r.permissive
  union
  select r.relation_name, r.command, r.bare_name, 'public'
  from rules r
  where r.permissive and 0 = any (r.roles) and not exists (select from api_roles)
),
crowded as (
  select
    relation_name,
    command,
    role_name,
    string_agg(quote_ident(bare_name), ', ' order by bare_name collate "C") as names
  from met
  group by relation_name, command, role_name
  having count(*) > 1
)
select
  format('%s (%s)', relation_name, command) as object,
  'one permissive policy' as expected,
  format('for %s: %s', string_agg(role_name, ', ' order by role_name collate "C"), names) as observed
from crowded
group by relation_name, command, names;
