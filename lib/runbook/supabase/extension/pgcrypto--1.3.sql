-- Stand-in for pgcrypto.
create function gen_random_uuid() returns uuid language sql volatile parallel safe
  as $$ select pg_catalog.gen_random_uuid() $$;
