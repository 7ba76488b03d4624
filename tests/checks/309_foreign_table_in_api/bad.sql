-- fires on: public.remote
-- fires on: public.remote_2
reset role;
create foreign data wrapper nowhere;
create server elsewhere foreign data wrapper nowhere;
create foreign table public.remote (id int) server elsewhere;
grant select on public.remote to anon;
create foreign table public.remote_2 (id int) server elsewhere;
revoke all on public.remote_2 from anon, authenticated;
grant select (id) on public.remote_2 to authenticated;
create schema private;
create foreign table private.hidden (id int) server elsewhere;
