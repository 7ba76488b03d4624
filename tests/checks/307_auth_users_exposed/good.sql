create view public.as_caller with (security_invoker) as select id, email from auth.users;
create view public.server_only as select id, email from auth.users;
revoke all on public.server_only from anon, authenticated;
create table public.profiles (id uuid);
create view public.people as select id from public.profiles;
