create role harmless;
grant anon to harmless;
