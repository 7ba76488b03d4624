create table public.t (id int);
alter table public.t enable row level security;
create policy p on public.t for select to anon using (id > 0);
create table public.server_only (id int);
alter table public.server_only enable row level security;
revoke all on public.server_only from anon, authenticated;
