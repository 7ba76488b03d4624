create table public.teams (id int, owner_id uuid);
create table public.members (team int, user_id uuid);
alter table public.teams enable row level security;
alter table public.members enable row level security;
create policy teams_of_members on public.teams for select to authenticated
  using (id in (select m.team from public.members m where m.user_id = (select auth.uid())));
create policy own_membership on public.members for select to authenticated using (user_id = (select auth.uid()));
-- its select policy holds no sub-select
create table public.votes (id int, open boolean);
alter table public.votes enable row level security;
create policy open_votes on public.votes for select to authenticated using (open);
create policy one_each on public.votes for insert to authenticated
  with check (not exists (select from public.votes v where v.id = votes.id));
-- read as its owner, whom no policy concerns
create view public.all_teams as select * from public.teams;
create table public.notes (team int);
alter table public.notes enable row level security;
create policy via_view on public.notes for select to authenticated using (team in (select id from public.all_teams));
-- two roles, two directions: they never meet
create table public.a (id int);
create table public.b (id int);
alter table public.a enable row level security;
alter table public.b enable row level security;
create policy a_of_anon on public.a for select to anon using (id in (select b.id from public.b));
create policy b_of_users on public.b for select to authenticated using (id in (select a.id from public.a));
