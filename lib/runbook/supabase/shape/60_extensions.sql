-- What a Supabase project has installed from the start.
create extension "uuid-ossp" with schema extensions;
create extension pgcrypto with schema extensions;
