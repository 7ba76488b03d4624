create table public.t (id int primary key);
set local runbook.min_reads = 0;
set local runbook.min_index_pages = 0;
