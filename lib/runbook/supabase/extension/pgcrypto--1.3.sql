-- Stand-in for pgcrypto. Digests, HMAC and random bytes are exact. Password hashing (crypt) and
-- encryption cannot be had from core functions: they raise feature_not_supported.

-- SHA-1 (FIPS 180-4, 6.1.2), because PostgreSQL's core has SHA-2 and MD5 only.
create function pgcrypto_sha1(message bytea) returns bytea
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

create function digest(message bytea, algorithm text) returns bytea
language plpgsql immutable strict parallel safe set search_path from current as $$
begin
  case lower(algorithm)
    when 'md5' then return decode(md5(message), 'hex');
    when 'sha1' then return pgcrypto_sha1(message);
    when 'sha224' then return sha224(message);
    when 'sha256' then return sha256(message);
    when 'sha384' then return sha384(message);
    when 'sha512' then return sha512(message);
    else
      raise exception 'Cannot use "%": No such hash algorithm', algorithm
        using errcode = 'invalid_parameter_value';
  end case;
end
$$;
create function digest(message text, algorithm text) returns bytea
language sql immutable strict parallel safe set search_path from current as $$
  select digest(convert_to(message, 'UTF8'), algorithm)
$$;

-- RFC 2104.
create function hmac(message bytea, key bytea, algorithm text) returns bytea
language plpgsql immutable strict parallel safe set search_path from current as $$
declare
  block constant int := case when lower(algorithm) in ('sha384', 'sha512') then 128 else 64 end;
  padded bytea := case when length(key) > block then digest(key, algorithm) else key end;
  inner_pad bytea;
  outer_pad bytea;
begin
  padded := padded || decode(repeat('00', block - length(padded)), 'hex');
  inner_pad := padded;
  outer_pad := padded;
  for i in 0 .. block - 1 loop
    inner_pad := set_byte(inner_pad, i, get_byte(padded, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(padded, i) # 92);
  end loop;
  return digest(outer_pad || digest(inner_pad || message, algorithm), algorithm);
end
$$;
create function hmac(message text, key text, algorithm text) returns bytea
language sql immutable strict parallel safe set search_path from current as $$
  select hmac(convert_to(message, 'UTF8'), convert_to(key, 'UTF8'), algorithm)
$$;

create function gen_random_uuid() returns uuid language sql volatile parallel safe
  as $$ select pg_catalog.gen_random_uuid() $$;

-- A version 4 UUID is random but for bytes 6 and 8: fourteen good bytes of each.
create function gen_random_bytes(count int) returns bytea
language plpgsql volatile strict parallel safe as $$
declare
  source bytea;
  bytes bytea := '';
begin
  if count not between 1 and 1024 then
    raise exception 'Length not in range' using errcode = 'external_routine_invocation_exception';
  end if;
  while length(bytes) < count loop
    source := uuid_send(pg_catalog.gen_random_uuid());
    bytes := bytes || substring(source from 1 for 6) || substring(source from 8 for 1)
      || substring(source from 10 for 7);
  end loop;
  return substring(bytes from 1 for count);
end
$$;

create function crypt(password text, salt text) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'crypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function gen_salt(type text) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'gen_salt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function gen_salt(type text, rounds int) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'gen_salt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function encrypt(message bytea, key bytea, type text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'encrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function decrypt(message bytea, key bytea, type text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'decrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function encrypt_iv(message bytea, key bytea, iv bytea, type text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'encrypt_iv'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function decrypt_iv(message bytea, key bytea, iv bytea, type text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'decrypt_iv'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_encrypt(message text, key text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_encrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_encrypt(message text, key text, options text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_encrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_encrypt_bytea(message bytea, key text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_encrypt_bytea'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_encrypt_bytea(message bytea, key text, options text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_encrypt_bytea'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_decrypt(message bytea, key text) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_decrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_decrypt(message bytea, key text, options text) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_decrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_decrypt_bytea(message bytea, key text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_decrypt_bytea'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_sym_decrypt_bytea(message bytea, key text, options text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_sym_decrypt_bytea'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_pub_encrypt(message text, key bytea) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_pub_encrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_pub_encrypt(message text, key bytea, options text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_pub_encrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_pub_decrypt(message bytea, key bytea) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_pub_decrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_pub_decrypt(message bytea, key bytea, password text) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_pub_decrypt'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function pgp_key_id(key bytea) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'pgp_key_id'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function armor(message bytea) returns text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'armor'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
create function dearmor(message text) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgcrypto', 'dearmor'
    using errcode = 'feature_not_supported', hint = 'Password hashes and encryption need the real pgcrypto. Seed auth.users without encrypted_password here.';
end
$$;
