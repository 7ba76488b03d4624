-- What a Supabase project has installed from the start.

create extension pg_stat_statements with schema extensions;
create extension "uuid-ossp" with schema extensions;
create extension pgcrypto with schema extensions;
create extension supabase_vault with schema vault;

grant execute on all functions in schema extensions to postgres with grant option;

-- As on a project where pg_graphql is not enabled.
create function graphql_public.graphql(
  "operationName" text default null, query text default null, variables jsonb default null,
  extensions jsonb default null
) returns jsonb language sql stable as $$
  select jsonb_build_object('errors', jsonb_build_array(
    jsonb_build_object('message', 'pg_graphql extension is not enabled.')))
$$;
grant execute on function graphql_public.graphql(text, text, jsonb, jsonb)
  to postgres, anon, authenticated, service_role;

create table supabase_functions.hooks (
  id bigserial primary key,
  hook_table_id integer not null,
  hook_name text not null,
  created_at timestamptz not null default now(),
  request_id bigint
);
comment on table supabase_functions.hooks is
  'Stand-in: calls of database webhooks are recorded here and never sent.';
create function supabase_functions.http_request() returns trigger
language plpgsql security definer set search_path = supabase_functions as $$
begin
  if coalesce(tg_argv[0], 'null') = 'null' then
    raise exception 'url argument is missing';
  elsif coalesce(tg_argv[1], 'null') not in ('GET', 'POST') then
    raise exception 'method argument is missing or neither GET nor POST';
  end if;
  insert into supabase_functions.hooks (hook_table_id, hook_name) values (tg_relid, tg_name);
  return new;
end
$$;
grant execute on function supabase_functions.http_request()
  to postgres, anon, authenticated, service_role;
