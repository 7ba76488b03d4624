-- title: No restrictive policy forbids all that the permissive ones allow
-- group: RLS policies not conflicting
-- level: FAIL
-- needs: nothing
-- examines: restrictive policies
-- why: Restrictive policies are joined by AND. One that excludes what the permissive policy asks
--   for leaves nothing: the table looks empty, and no error says why.
-- mend: Change one of the two, or drop the permissive one and say that the command is forbidden.
-- note: Found in the printed expressions: `false`; one the negation of the other; one column
--   compared with two different constants. Other contradictions are not seen.
with
examined as (
  select * from policies where not permissive
),
pairs as (
  select
    yes.name,
    yes.command,
    no.bare_name as forbidden_by,
    yes.role_name,
    clash.allowed,
    clash.demanded
  from faced yes
  join faced no
    on no.relation = yes.relation
    and no.command = yes.command
    and no.role = yes.role
    and not no.permissive
  cross join lateral (
    values (yes.lets_in, no.lets_in), (yes.lets_out, no.lets_out)
  ) clash (allowed, demanded)
  where yes.permissive
)
select
  format('%s for %s', name, command) as object,
  'some row can pass' as expected,
  format(
    'forbidden by %I for %s', forbidden_by, string_agg(distinct role_name, ', ' order by role_name)
  ) as observed
from pairs
where demanded = 'false'
  or demanded = format('(NOT %s)', allowed)
  or allowed = format('(NOT %s)', demanded)
  or (
    substring(allowed from '^\(([^()''=<>]+) = ''(?:[^'']|'''')*''::[a-z_". ]+\)$')
      = substring(demanded from '^\(([^()''=<>]+) = ''(?:[^'']|'''')*''::[a-z_". ]+\)$')
    and allowed <> demanded
  )
group by name, command, forbidden_by;
