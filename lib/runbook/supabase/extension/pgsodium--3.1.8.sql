-- Stand-in for pgsodium: its key table and signatures; encryption is refused.
create table pgsodium.key (
  id uuid primary key default gen_random_uuid(),
  status text default 'valid',
  created timestamptz not null default now(),
  expires timestamptz,
  key_type text,
  key_id bigint generated always as identity,
  name text unique,
  comment text
);
comment on table pgsodium.key is 'Stand-in: names of keys, without key material.';
create function pgsodium.create_key(key_type text default 'aead-det', name text default null)
returns pgsodium.key language sql as $$
  insert into pgsodium.key (key_type, name) values (key_type, name) returning *
$$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgsodium', 'pgsodium.crypto_aead_det_encrypt'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgsodium', 'pgsodium.crypto_aead_det_decrypt'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgsodium', 'pgsodium.crypto_aead_det_encrypt'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgsodium', 'pgsodium.crypto_aead_det_decrypt'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgsodium.randombytes_buf(size int) returns bytea
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pgsodium', 'pgsodium.randombytes_buf'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
grant usage on schema pgsodium to postgres;
grant all on all tables in schema pgsodium to postgres;
