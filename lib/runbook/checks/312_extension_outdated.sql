-- title: Extensions are at the version that the server offers
-- group: No security gaps
-- level: WARN
-- needs: nothing
-- examines: extensions
-- why: The library is new and its SQL objects are old: fixes in them have not arrived.
-- mend: alter extension … update;
with examined as (
  select e.extname::text as name, e.extversion as installed, offered.default_version as offered
  from pg_extension e
  join pg_available_extensions offered on offered.name = e.extname
)
select name as object, 'version ' || offered as expected, 'version ' || installed as observed
from examined
where installed <> offered;
