-- title: Foreign keys into auth point at primary keys
-- group: All foreign keys valid
-- level: FAIL
-- needs: schema auth, role supabase_admin
-- examines: foreign keys into the schema auth
-- why: Supabase may replace the unique indexes of its auth tables in an upgrade; a foreign key that
--   leans on one makes that upgrade fail.
-- mend: Point the key at the primary key: references auth.users (id).
with examined as (
  select fk.*, con.conindid as parent_index
  from foreign_keys fk
  join pg_constraint con on con.oid = fk.oid
  join pg_class parent on parent.oid = fk.parent
  where parent.relnamespace = to_regnamespace('auth')
)
select
  fk.name as object,
  'references a primary key' as expected,
  'references ' || index.relname as observed
from examined fk
join pg_index i on i.indexrelid = fk.parent_index
join pg_class index on index.oid = i.indexrelid
where not i.indisprimary;
