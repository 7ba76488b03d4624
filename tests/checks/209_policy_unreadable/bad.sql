-- fires on: public.t (mine) for authenticated
-- fires on: public.t (mine) for anon
-- fires on: public.u (checked) for authenticated
-- fires on: public.w (counted) for authenticated
create table public.members (team int, user_id uuid, secret text);
revoke all on public.members from anon, authenticated;
grant select (team, user_id) on public.members to authenticated;
create table public.t (team int);
alter table public.t enable row level security;
grant select on public.t to anon, authenticated;
create policy mine on public.t for select
  using (team in (select m.team from public.members m where m.secret = 'x'));
create function public.allowed(int) returns boolean language sql set search_path = '' as 'select true';
revoke execute on function public.allowed from public, anon, authenticated;
create table public.u (id int);
alter table public.u enable row level security;
create policy checked on public.u for delete to authenticated using (public.allowed(id));
create table public.none_of_it (id int);
revoke all on public.none_of_it from anon, authenticated;
create table public.w (id int);
alter table public.w enable row level security;
create policy counted on public.w for select to authenticated
  using (id < (select count(*) from public.none_of_it));
