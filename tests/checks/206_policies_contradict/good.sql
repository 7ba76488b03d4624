create table public.t (id int, state text, open boolean);
alter table public.t enable row level security;
create policy reads on public.t for select to authenticated using (state = 'published');
create policy limits on public.t as restrictive for select to authenticated using (open);
create policy not_visitors on public.t as restrictive for select to anon using (false);
create policy writes on public.t for insert to authenticated with check (state = 'draft');
create policy same on public.t as restrictive for insert to authenticated with check (state = 'draft');
