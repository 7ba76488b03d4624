-- Stand-in for pg_jsonschema: the assertions of JSON Schema that need no regular expressions,
-- formats or references. A schema with any other keyword is refused, never half-checked.
create function json_schema_errors(schema jsonb, instance jsonb, path text default '')
returns setof text language plpgsql immutable as $$
declare
  kind constant text := jsonb_typeof(instance);
  key text;
  rule jsonb;
  kinds jsonb;
  part record;
  matches int;
begin
  if schema = 'true' then
    return;
  elsif schema = 'false' then
    return next format('%s: nothing is allowed here', path);
    return;
  elsif jsonb_typeof(schema) <> 'object' then
    raise exception 'a JSON Schema is an object or a boolean' using errcode = 'invalid_parameter_value';
  end if;
  for key, rule in select * from jsonb_each(schema) loop
    case key
      when 'title', 'description', '$schema', '$id', '$comment', 'default', 'examples', 'readOnly',
        'writeOnly', 'deprecated' then
        null;
      when 'type' then
        kinds := case when jsonb_typeof(rule) = 'array' then rule else jsonb_build_array(rule) end;
        if not (kinds ? kind or kind = 'number' and kinds ? 'integer'
          and instance::numeric = trunc(instance::numeric)) then
          return next format('%s: is a %s, not %s', path, kind, rule);
        end if;
      when 'enum' then
        if not exists (select from jsonb_array_elements(rule) as allowed where allowed = instance) then
          return next format('%s: %s is not one of %s', path, instance, rule);
        end if;
      when 'const' then
        if instance <> rule then
          return next format('%s: %s is not %s', path, instance, rule);
        end if;
      when 'required' then
        if kind = 'object' then
          return query select format('%s: "%s" is a required property', path, name)
            from jsonb_array_elements_text(rule) as name where not instance ? name;
        end if;
      when 'properties' then
        if kind = 'object' then
          for part in select * from jsonb_each(rule) loop
            if instance ? part.key then
              return query select * from @extschema@.json_schema_errors(
                part.value, instance -> part.key, path || '/' || part.key);
            end if;
          end loop;
        end if;
      when 'additionalProperties' then
        if kind = 'object' then
          for part in select * from jsonb_each(instance) loop
            if not coalesce(schema -> 'properties' ? part.key, false) then
              return query select * from @extschema@.json_schema_errors(
                rule, part.value, path || '/' || part.key);
            end if;
          end loop;
        end if;
      when 'minProperties', 'maxProperties' then
        if kind = 'object' then
          select count(*) into matches from jsonb_object_keys(instance);
          if key = 'minProperties' and matches < rule::numeric
            or key = 'maxProperties' and matches > rule::numeric then
            return next format('%s: has %s properties (%s %s)', path, matches, key, rule);
          end if;
        end if;
      when 'items' then
        if jsonb_typeof(rule) = 'array' then
          raise exception 'the stand-in for pg_jsonschema does not know "items" with a list'
            using errcode = 'feature_not_supported';
        end if;
        if kind = 'array' then
          for part in select * from jsonb_array_elements(instance) with ordinality loop
            return query select * from @extschema@.json_schema_errors(
              rule, part.value, path || '/' || part.ordinality - 1);
          end loop;
        end if;
      when 'minItems', 'maxItems' then
        if kind = 'array' and (key = 'minItems' and jsonb_array_length(instance) < rule::numeric
          or key = 'maxItems' and jsonb_array_length(instance) > rule::numeric) then
          return next format('%s: has %s items (%s %s)', path, jsonb_array_length(instance), key, rule);
        end if;
      when 'uniqueItems' then
        if kind = 'array' and rule = 'true' and jsonb_array_length(instance)
          > (select count(distinct element) from jsonb_array_elements(instance) as element) then
          return next format('%s: has equal items', path);
        end if;
      when 'minLength', 'maxLength' then
        if kind = 'string' and (key = 'minLength' and length(instance #>> '{}') < rule::numeric
          or key = 'maxLength' and length(instance #>> '{}') > rule::numeric) then
          return next format('%s: %s has %s characters (%s %s)', path, instance,
            length(instance #>> '{}'), key, rule);
        end if;
      when 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf' then
        if jsonb_typeof(rule) <> 'number' then
          raise exception 'the stand-in for pg_jsonschema does not know % as %', key, rule
            using errcode = 'feature_not_supported';
        end if;
        if kind = 'number' and (key = 'minimum' and instance::numeric < rule::numeric
          or key = 'maximum' and instance::numeric > rule::numeric
          or key = 'exclusiveMinimum' and instance::numeric <= rule::numeric
          or key = 'exclusiveMaximum' and instance::numeric >= rule::numeric
          or key = 'multipleOf' and instance::numeric % rule::numeric <> 0) then
          return next format('%s: %s breaks %s %s', path, instance, key, rule);
        end if;
      when 'allOf', 'anyOf', 'oneOf' then
        select count(*) filter (where not exists (
            select from @extschema@.json_schema_errors(branch, instance, path))) into matches
          from jsonb_array_elements(rule) as branch;
        if key = 'allOf' and matches < jsonb_array_length(rule) or key = 'anyOf' and matches = 0
          or key = 'oneOf' and matches <> 1 then
          return next format('%s: %s of %s branches of %s match', path, matches,
            jsonb_array_length(rule), key);
        end if;
      when 'not' then
        if not exists (select from @extschema@.json_schema_errors(rule, instance, path)) then
          return next format('%s: %s matches what it must not', path, instance);
        end if;
      else
        raise exception 'the stand-in for pg_jsonschema does not know the keyword "%"', key
          using errcode = 'feature_not_supported', hint = 'The real extension on Supabase may.';
    end case;
  end loop;
end
$$;
create function json_matches_schema(schema json, instance json) returns boolean
language sql immutable strict as $$
  select not exists (select from @extschema@.json_schema_errors(schema::jsonb, instance::jsonb))
$$;
create function jsonb_matches_schema(schema json, instance jsonb) returns boolean
language sql immutable strict as $$
  select not exists (select from @extschema@.json_schema_errors(schema::jsonb, instance))
$$;
create function jsonschema_validation_errors(schema json, instance json) returns text[]
language sql immutable strict as $$
  select array(select * from @extschema@.json_schema_errors(schema::jsonb, instance::jsonb))
$$;
