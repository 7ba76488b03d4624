-- title: Public buckets do not let visitors list their files
-- group: No security gaps
-- level: WARN
-- needs: column storage.buckets.public, relation storage.objects, role anon
-- examines: public buckets
-- why: A public bucket serves each file to whoever knows its address, without any policy. A select
--   policy on storage.objects on top of it lets everybody list the addresses.
-- mend: drop the select policy on storage.objects, or narrow it to the caller's own folder.
-- note: A policy counts as listing when its printed condition is true or names the bucket only.
with
examined as (
  select b.id, b.name from storage.buckets b where b.public
)
select
  'bucket ' || quote_ident(b.name) as object,
  'files are not listed' as expected,
  format(
    'listed by %s: %s', f.bare_name, string_agg(distinct f.role_name, ', ' order by f.role_name)
  ) as observed
from examined b
join faced f
  on f.relation = to_regclass('storage.objects')
  and f.command = 'select'
  and f.permissive
  and (f.always or f.lets_in = format('(bucket_id = %L::text)', b.id))
where f.role_name in ('public', 'anon', 'authenticated')
group by b.name, f.bare_name;
