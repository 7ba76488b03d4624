create table public.members (team int, user_id uuid, secret text);
revoke all on public.members from anon, authenticated;
grant select (team, user_id) on public.members to authenticated;
create table public.t (team int, hidden int);
alter table public.t enable row level security;
revoke all on public.t from anon, authenticated;
grant select (team) on public.t to authenticated;
-- a table's own columns need no grant for its policies to read them
create policy mine on public.t for select to authenticated
  using (hidden > 0 and team in (select m.team from public.members m where m.user_id = (select auth.uid())));
