-- Stand-in for pgjwt; signatures are exact (RFC 7515, RFC 7518 3.2).
create function url_encode(content bytea) returns text language sql immutable strict as $$
  select rtrim(translate(encode(content, 'base64'), E'+/\n', '-_'), '=')
$$;
create function url_decode(content text) returns bytea language sql immutable strict as $$
  select decode(rpad(translate(content, '-_', '+/'), (length(content) + 3) / 4 * 4, '='), 'base64')
$$;
create function algorithm_sign(signables text, secret text, algorithm text) returns text
language plpgsql immutable as $$
declare
  hash constant text := case algorithm
    when 'HS256' then 'sha256' when 'HS384' then 'sha384' when 'HS512' then 'sha512' end;
begin
  if hash is null then
    raise exception 'algorithm % is not one of HS256, HS384, HS512', algorithm
      using errcode = 'feature_not_supported';
  end if;
  return @extschema@.url_encode(@extschema:pgcrypto@.hmac(signables, secret, hash));
end
$$;
create function sign(payload json, secret text, algorithm text default 'HS256') returns text
language sql immutable as $$
  select signables || '.' || @extschema@.algorithm_sign(signables, secret, algorithm)
  from (select @extschema@.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'UTF8'))
    || '.' || @extschema@.url_encode(convert_to(payload::text, 'UTF8'))) as part (signables)
$$;
create function try_cast_double(input text) returns double precision language plpgsql immutable as $$
begin
  return input::double precision;
exception when others then
  return null;
end
$$;
create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean) language sql stable as $$
  select convert_from(@extschema@.url_decode(part[1]), 'UTF8')::json,
    body.payload,
    part[3] = @extschema@.algorithm_sign(part[1] || '.' || part[2], secret, algorithm)
      and tstzrange(
        to_timestamp(@extschema@.try_cast_double(body.payload ->> 'nbf')),
        to_timestamp(@extschema@.try_cast_double(body.payload ->> 'exp'))) @> current_timestamp
  from regexp_split_to_array(token, '\.') as part,
    lateral (select convert_from(@extschema@.url_decode(part[2]), 'UTF8')::json as payload) as body
$$;
