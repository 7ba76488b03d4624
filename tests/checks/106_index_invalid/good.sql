create table public.t (id int primary key, n int) partition by range (id);
create table public.t1 partition of public.t for values from (1) to (10);
create index whole on only public.t (n);
create index part on public.t1 (n);
alter index public.whole attach partition public.part;
