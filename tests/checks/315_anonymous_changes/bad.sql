-- fires on: public.t (drafts)
-- fires on: public.t (everybody)
-- fires on: public.u (everything)
create table public.t (id int, state text);
alter table public.t enable row level security;
create policy drafts on public.t for update to anon using (state = 'draft');
create policy everybody on public.t for delete using (id > 0);
create table public.u (id int);
alter table public.u enable row level security;
create policy everything on public.u using (id is not null);
