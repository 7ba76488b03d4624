create table public.t (id int);
alter table public.t enable row level security;
