reset role;
create foreign data wrapper nowhere;
create server elsewhere foreign data wrapper nowhere;
create foreign table public.remote (id int) server elsewhere;
revoke all on public.remote from anon, authenticated;
