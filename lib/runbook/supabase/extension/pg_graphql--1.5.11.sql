-- Stand-in for pg_graphql: comments with @graphql directives can be written, queries are refused.
create function graphql.resolve(query text, variables jsonb default '{}', "operationName" text default null, extensions jsonb default null) returns jsonb
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pg_graphql', 'graphql.resolve'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function graphql.get_schema_version() returns int language sql stable as $$ select 1 $$;
grant execute on all functions in schema graphql to postgres, anon, authenticated, service_role;
