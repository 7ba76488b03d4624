create table public.t (a int, b int, c int);
create index on public.t (a, b);
create index on public.t (b);
create index on public.t (a desc);
create index on public.t (a) include (c);
create index on public.t (a) where b > 0;
create unique index on public.t (a);
create index on public.t using hash (a);
