create extension hstore with schema extensions;
