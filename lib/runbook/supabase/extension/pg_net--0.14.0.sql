-- Stand-in for pg_net: a request is recorded with its id and never sent, so no answer ever comes.
create schema net;
create domain net.http_method as text
  check (value in ('GET', 'POST', 'DELETE'));
create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create table net.http_request_queue (
  id bigserial primary key,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);
create table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
comment on table net.http_request_queue is 'Stand-in: requests stay here, nothing sends them.';

-- PostgreSQL has no percent-encoding of its own: everything but RFC 3986's unreserved is encoded.
create function net._urlencode_string(string text) returns text language sql immutable strict as $$
  select coalesce(string_agg(
    case when byte ~ '^(2d|2e|5f|7e|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])$'
      then chr(get_byte(decode(byte, 'hex'), 0)) else '%' || upper(byte) end, '' order by place), '')
  from (select substring(encode(convert_to(string, 'UTF8'), 'hex') from i * 2 - 1 for 2), i
    from generate_series(1, octet_length(convert_to(string, 'UTF8'))) as i) as bytes (byte, place)
$$;
create function net._queue(
  method text, url text, params jsonb, headers jsonb, body bytea, timeout_milliseconds int
) returns bigint language sql volatile security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  select method, url || coalesce('?' || (
      select string_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value), '&')
      from jsonb_each_text(params)), ''), headers, body, timeout_milliseconds
  returning id
$$;
create function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000
) returns bigint language sql volatile as $$
  select net._queue('GET', url, params, headers, null, timeout_milliseconds)
$$;
create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds int default 5000
) returns bigint language sql volatile as $$
  select net._queue('POST', url, params, headers, convert_to(body::text, 'UTF8'),
    timeout_milliseconds)
$$;
create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000, body jsonb default null
) returns bigint language sql volatile as $$
  select net._queue('DELETE', url, params, headers, convert_to(body::text, 'UTF8'),
    timeout_milliseconds)
$$;
grant usage on schema net to postgres, anon, authenticated, service_role;
grant select, insert, update, delete on all tables in schema net to postgres, service_role;
grant usage on all sequences in schema net to postgres, service_role;
