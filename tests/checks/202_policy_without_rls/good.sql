create table public.t (id int);
create policy p on public.t for select to authenticated using (id > 0);
alter table public.t enable row level security;
