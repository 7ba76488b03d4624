create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create view public.v with (security_invoker) as select * from public.t;
create view public.above as select * from public.v;
create table public.open (id int);
alter table public.open enable row level security;
create policy everybody on public.open for select using (true);
create view public.open_view as select * from public.open;
