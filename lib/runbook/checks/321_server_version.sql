-- title: The server has the last known security fixes
-- group: No security gaps
-- level: WARN
-- needs: nothing
-- examines: servers
-- why: Minor releases carry the fixes for published vulnerabilities, and need no migration.
-- mend: Install the newest minor release of the major version; on Supabase: upgrade the project.
-- note: Knows the releases of February 2026 (https://www.postgresql.org/support/security/); newer
--   ones have to be looked up there.
with
examined as (
  select
    thresholds.server_version_num / 10000 as major,
    thresholds.server_version_num % 10000 as minor
  from thresholds
),
fixed (major, minor) as (
  values (14, 21), (15, 16), (16, 12), (17, 8), (18, 2)
)
select
  'PostgreSQL' as object,
  coalesce(format('%s.%s or newer', fixed.major, fixed.minor), 'a supported major version') as expected,
  format('%s.%s', e.major, e.minor) as observed
from examined e
left join fixed on fixed.major = e.major
where e.minor < fixed.minor or e.major < 14;
