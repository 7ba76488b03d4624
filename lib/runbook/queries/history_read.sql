-- What is applied, in version order: all of it, or one version.
select version, coalesce(name, '') as name, statements
from supabase_migrations.schema_migrations
where %(version)s::text is null or version = %(version)s
order by version collate "C"
