-- fires on: public.t
-- fires on: private.deep
-- fires on: public.frozen_source
create table public.t (id int, owner_id uuid);
alter table public.t enable row level security;
create policy owners on public.t for select to authenticated using (owner_id = (select auth.uid()));
create view public.v as select * from public.t;
create schema private;
create table private.deep (id int);
alter table private.deep enable row level security;
create view private.v1 as select * from private.deep;
create view private.v2 as select * from private.v1;
create view public.v3 as select * from private.v2;
revoke all on public.v3 from anon;
create table public.frozen_source (id int);
alter table public.frozen_source enable row level security;
create materialized view public.frozen as select * from public.frozen_source;
