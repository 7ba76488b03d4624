create table public.t (id int);
create view public.v with (security_invoker = true) as select * from public.t;
create view public.w with (security_invoker = on) as select * from public.t;
create view public.server_only as select * from public.t;
revoke all on public.server_only from anon, authenticated;
create schema private;
create view private.hidden as select * from public.t;
