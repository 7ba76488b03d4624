-- fires on: public.never
-- fires on: public."Never Either"
create table public.t (id int primary key, a int, b int unique);
create index never on public.t (a);
create index "Never Either" on public.t (a, b);
set local runbook.min_reads = 0;
set local runbook.min_index_pages = 0;
