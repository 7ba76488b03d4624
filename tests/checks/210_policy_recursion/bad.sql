-- fires on: public.profiles (admins)
-- fires on: public.teams (teams_of_members)
-- fires on: public.members (members_of_teams)
-- fires on: public.posts (one_each)
-- fires on: public.votes (one_vote)
-- fires on: public.x (through_view)
create table public.profiles (id uuid, role text);
alter table public.profiles enable row level security;
create policy admins on public.profiles for select
  using (exists (select from public.profiles p where p.id = (select auth.uid()) and p.role = 'admin'));
create table public.teams (id int, owner_id uuid);
create table public.members (team int, user_id uuid);
alter table public.teams enable row level security;
alter table public.members enable row level security;
create policy teams_of_members on public.teams for select to authenticated
  using (id in (select m.team from public.members m where m.user_id = (select auth.uid())));
create policy members_of_teams on public.members for select to authenticated
  using (team in (select t.id from public.teams t where t.owner_id = (select auth.uid())));
create table public.other (id int);
create table public.posts (id int, author uuid);
alter table public.posts enable row level security;
create policy seen on public.posts for select to authenticated using (id in (select id from public.other));
create policy one_each on public.posts for insert to authenticated
  with check (not exists (select from public.posts p where p.author = posts.author));
create table public.votes (id int, voter uuid);
alter table public.votes enable row level security;
create policy own_votes on public.votes for select to authenticated using (voter = (select auth.uid()));
create policy one_vote on public.votes for insert to authenticated
  with check (not exists (select from public.votes v where v.id = votes.id));
create table public.x (id int);
alter table public.x enable row level security;
create view public.v with (security_invoker) as select id from public.x;
create policy through_view on public.x for select to anon using (id in (select v.id from public.v));
