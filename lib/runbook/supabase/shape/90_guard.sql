-- What Supabase withholds from postgres in the schemas that its own services own.
--
-- 10_roles.sql lets postgres inherit the services' ownership, because PostgreSQL asks for it when
-- a policy is made on storage.objects or a trigger of one's own on auth.users is dropped. On
-- Supabase a library allows just that. Here these event triggers refuse everything else, with the
-- error that the hosted project gives: a migration that alters auth.users must fail in rehearsal.

create function extensions.withhold_supabase_objects() returns event_trigger
language plpgsql set search_path = pg_catalog as $$
declare
  withheld constant text[] := '{auth,storage,realtime,vault,graphql,graphql_public,supabase_functions}';
  found record;
begin
  if current_setting('is_superuser') = 'on' then
    return;
  end if;
  if tg_event = 'sql_drop' then
    select object_type, object_identity into found from pg_event_trigger_dropped_objects()
    where original and object_type not in ('trigger', 'policy')
      and (schema_name = any (withheld) or object_type = 'schema' and object_name = any (withheld));
  else
    select object_type, object_identity into found from pg_event_trigger_ddl_commands()
    where not in_extension
      and command_tag not in ('CREATE TRIGGER', 'CREATE POLICY', 'ALTER POLICY', 'GRANT', 'REVOKE')
      and (schema_name = any (withheld) or object_type = 'schema' and object_identity = any (withheld));
  end if;
  if found.object_identity is not null then
    raise exception 'must be owner of % %', found.object_type, found.object_identity
      using errcode = 'insufficient_privilege',
        hint = 'Supabase owns this object. Only policies and triggers of your own may be added to it.';
  end if;
end
$$;
comment on function extensions.withhold_supabase_objects() is
  'Stand-in for supautils: refuses changes to what Supabase''s services own.';

create event trigger withhold_supabase_objects on ddl_command_end
  execute function extensions.withhold_supabase_objects();
create event trigger withhold_supabase_drops on sql_drop
  execute function extensions.withhold_supabase_objects();

-- Supabase also hands the foreign data wrappers of extensions to postgres.
create function extensions.grant_foreign_data_wrappers() returns event_trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
  wrapper name;
begin
  for wrapper in select fdwname from pg_foreign_data_wrapper loop
    execute format('grant usage on foreign data wrapper %I to postgres with grant option', wrapper);
  end loop;
end
$$;
create event trigger grant_foreign_data_wrappers on ddl_command_end
  when tag in ('CREATE EXTENSION')
  execute function extensions.grant_foreign_data_wrappers();
