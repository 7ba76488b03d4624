create table public.t (id int);
alter table public.t enable row level security;
revoke all on public.t from anon, authenticated;
grant select, insert, update, delete on public.t to anon, authenticated;
