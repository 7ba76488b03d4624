-- Stand-in for uuid-ossp. Versions 3, 4 and 5 and the constants are exact. Version 1 has the
-- layout and the clock of RFC 9562 with a random node and clock sequence.

create function uuid_nil() returns uuid language sql immutable parallel safe
  as $$ select '00000000-0000-0000-0000-000000000000'::uuid $$;
create function uuid_ns_dns() returns uuid language sql immutable parallel safe
  as $$ select '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_url() returns uuid language sql immutable parallel safe
  as $$ select '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_oid() returns uuid language sql immutable parallel safe
  as $$ select '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_x500() returns uuid language sql immutable parallel safe
  as $$ select '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid $$;

create function uuid_generate_v4() returns uuid language sql volatile parallel safe
  as $$ select pg_catalog.gen_random_uuid() $$;

-- SHA-1 (FIPS 180-4, 6.1.2), because PostgreSQL's core has SHA-2 and MD5 only.
create function uuid_sha1(message bytea) returns bytea
language plpgsql immutable strict parallel safe as $$
declare
  mask constant bigint := x'ffffffff'::bigint;
  zeros constant int := (119 - length(message) % 64) % 64;
  padded constant bytea := message || '\x80'::bytea || decode(repeat('00', zeros), 'hex')
    || int8send(length(message)::bigint * 8);
  h bigint[] := array[x'67452301'::bigint, x'efcdab89'::bigint, x'98badcfe'::bigint,
    x'10325476'::bigint, x'c3d2e1f0'::bigint];
  w bigint[];
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; t bigint;
  digest bytea := '';
begin
  for block in 0 .. length(padded) / 64 - 1 loop
    w := array_fill(0::bigint, array[80]);
    for i in 0 .. 15 loop
      w[i + 1] := (get_byte(padded, block * 64 + i * 4)::bigint << 24)
        | (get_byte(padded, block * 64 + i * 4 + 1) << 16)
        | (get_byte(padded, block * 64 + i * 4 + 2) << 8)
        | get_byte(padded, block * 64 + i * 4 + 3);
    end loop;
    for i in 17 .. 80 loop
      t := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
      w[i] := ((t << 1) | (t >> 31)) & mask;
    end loop;
    a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
    for i in 1 .. 80 loop
      if i <= 20 then
        f := (b & c) | (~b & mask & d); k := x'5a827999'::bigint;
      elsif i <= 40 then
        f := b # c # d; k := x'6ed9eba1'::bigint;
      elsif i <= 60 then
        f := (b & c) | (b & d) | (c & d); k := x'8f1bbcdc'::bigint;
      else
        f := b # c # d; k := x'ca62c1d6'::bigint;
      end if;
      t := ((((a << 5) | (a >> 27)) & mask) + f + e + k + w[i]) & mask;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := t;
    end loop;
    h := array[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask,
      (h[5] + e) & mask];
  end loop;
  for i in 1 .. 5 loop
    digest := digest || substring(int8send(h[i]) from 5);
  end loop;
  return digest;
end
$$;

-- Sets the version's four bits and the variant's two in sixteen bytes of a hash.
create function uuid_from_hash(hash bytea, version int) returns uuid
language sql immutable strict parallel safe as $$
  select encode(set_byte(set_byte(substring(hash from 1 for 16),
    6, (get_byte(hash, 6) & 15) | (version << 4)), 8, (get_byte(hash, 8) & 63) | 128), 'hex')::uuid
$$;
create function uuid_generate_v3(namespace uuid, name text) returns uuid
language sql immutable strict parallel safe set search_path from current as $$
  select uuid_from_hash(decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 3)
$$;
create function uuid_generate_v5(namespace uuid, name text) returns uuid
language sql immutable strict parallel safe set search_path from current as $$
  select uuid_from_hash(uuid_sha1(uuid_send(namespace) || convert_to(name, 'UTF8')), 5)
$$;

-- 100 ns ticks since 1582-10-15, low part first, and a node with the multicast bit that RFC 9562
-- asks of a random one.
create function uuid_generate_v1mc() returns uuid
language sql volatile parallel safe as $$
  select (substring(ticks from 9 for 8) || substring(ticks from 5 for 4) || '1'
    || substring(ticks from 2 for 3) || substring(random from 17 for 4)
    || encode(set_byte('\x00'::bytea, 0, get_byte(decode(substring(random from 1 for 2), 'hex'), 0) | 1), 'hex')
    || substring(random from 3 for 10))::uuid
  from lpad(to_hex((extract(epoch from clock_timestamp()) * 10000000)::bigint
    + 122192928000000000), 16, '0') as ticks,
    replace(pg_catalog.gen_random_uuid()::text, '-', '') as random
$$;
create function uuid_generate_v1() returns uuid language sql volatile parallel safe
  set search_path from current as $$ select uuid_generate_v1mc() $$;
comment on function uuid_generate_v1() is 'Stand-in: a random node instead of the network card''s.';
