-- Stand-in for http: the types and signatures; a request raises, because no answer can be true.
create domain http_method as text;
create type http_header as (field varchar, value varchar);
create type http_response as (
  status integer, content_type varchar, headers http_header[], content varchar
);
create type http_request as (
  method http_method, uri varchar, headers http_header[], content_type varchar, content varchar
);
create function http_header(field varchar, value varchar) returns http_header
language sql immutable as $$ select row(field, value) $$;
create function http_set_curlopt(curlopt varchar, value varchar) returns boolean
language sql as $$ select true $$;
create function http_reset_curlopt() returns boolean language sql as $$ select true $$;
create function http(request http_request) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_get(uri varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_get'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_get(uri varchar, parameters jsonb) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_get'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_post(uri varchar, content varchar, content_type varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_post'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_post(uri varchar, parameters jsonb) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_post'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_put(uri varchar, content varchar, content_type varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_put'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_patch(uri varchar, content varchar, content_type varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_patch'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_delete(uri varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_delete'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_delete(uri varchar, content varchar, content_type varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_delete'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function http_head(uri varchar) returns http_response
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for http', 'http_head'
    using errcode = 'feature_not_supported', hint = 'No request leaves the embedded server.';
end
$$;
create function urlencode(string varchar) returns text language sql immutable strict as $$
  select coalesce(string_agg(
    case when byte ~ '^(2d|2e|5f|7e|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])$'
      then chr(get_byte(decode(byte, 'hex'), 0)) else '%' || upper(byte) end, '' order by place), '')
  from (select substring(encode(convert_to(string, 'UTF8'), 'hex') from i * 2 - 1 for 2), i
    from generate_series(1, octet_length(convert_to(string, 'UTF8'))) as i) as bytes (byte, place)
$$;
