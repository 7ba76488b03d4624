-- title: Every SECURITY DEFINER function pins its search_path
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: SECURITY DEFINER functions
-- why: It runs with its owner's rights. A caller who puts a schema of their own in front makes it
--   run their function, or write to their table, with those rights.
-- mend: alter function … set search_path = ''; and qualify the names in its body.
with examined as (
  select * from functions where definer
)
select name as object, 'a pinned search_path' as expected, 'the caller''s' as observed
from examined
where not exists (select from unnest(settings) setting where setting like 'search\_path=%');
