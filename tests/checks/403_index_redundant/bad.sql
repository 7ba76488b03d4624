-- fires on: public.short
-- fires on: public.like_unique
-- fires on: public.partial
create table public.t (a int, b int, c int unique);
create index short on public.t (a);
create index long on public.t (a, b);
create index like_unique on public.t (c);
create index partial on public.t (b) where a > 0;
create index partial_long on public.t (b, c) where a > 0;
