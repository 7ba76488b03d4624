-- title: No policy makes another one pointless
-- group: RLS policies not conflicting
-- level: WARN
-- needs: nothing
-- examines: permissive policies
-- why: Permissive policies are joined by OR. Beside one that always passes, a narrower one narrows
--   nothing, though it reads as if it did; a repeated one is repeated work.
-- mend: Drop the wide policy if the narrow one was meant, the narrow one if the wide one was.
-- note: "Always passes" is read off the printed expression: true, x = x, or `true OR …`.
with
examined as (
  select * from policies where permissive
)
select
  format('%s for %s', narrow.name, narrow.command) as object,
  'a say of its own' as expected,
  format(
    '%s %I for %s',
    case when wide.always then 'shadowed by' else 'same condition as' end,
    wide.bare_name,
    string_agg(narrow.role_name, ', ' order by narrow.role_name collate "C")
  ) as observed
from faced narrow
join faced wide
  on wide.relation = narrow.relation
  and wide.command = narrow.command
  and wide.role = narrow.role
  and wide.oid <> narrow.oid
  and wide.permissive
  and (
    (wide.always and not narrow.always)
    or (
      wide.bare_name < narrow.bare_name
      and wide.lets_in is not distinct from narrow.lets_in
      and wide.lets_out is not distinct from narrow.lets_out
    )
  )
where narrow.permissive
group by narrow.name, narrow.command, wide.bare_name, wide.always;
