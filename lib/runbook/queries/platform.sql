-- Is this a Supabase project's database? Its roles belong to the server; the schema, to it alone.
select exists (select from pg_catalog.pg_roles where rolname = 'anon')
       and exists (select from pg_catalog.pg_roles where rolname = 'authenticated')
       and pg_catalog.to_regnamespace('auth') is not null
