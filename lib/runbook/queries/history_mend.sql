-- One row of the history stands for a migration of the plan from now on, and holds its SQL.
update supabase_migrations.schema_migrations
set version = %(version)s, name = %(name)s, statements = %(statements)s::text[]
where version = %(was)s
