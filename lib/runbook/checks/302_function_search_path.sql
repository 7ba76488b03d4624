-- title: Every function pins its search_path
-- group: No security gaps
-- level: WARN
-- needs: nothing
-- examines: functions that run as the caller
-- why: Without one, names in the body mean whatever the session's search_path makes them mean:
--   another schema in front changes what the function does, also inside triggers and indexes.
-- note: A body in SQL standard form is left out: its names were bound when it was created.
-- mend: alter function … set search_path = ''; and qualify the names in its body.
with examined as (
  select * from functions where not definer and language <> 'c' and not body_is_bound
)
select name as object, 'a pinned search_path' as expected, 'the session''s' as observed
from examined
where not exists (select from unnest(settings) setting where setting like 'search\_path=%');
