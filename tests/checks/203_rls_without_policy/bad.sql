-- fires on: public.t
-- fires on: public.forced
create table public.t (id int);
alter table public.t enable row level security;
revoke all on public.t from authenticated;
create table public.forced (id int);
alter table public.forced enable row level security;
alter table public.forced force row level security;
