-- One schema with the mistakes that Supabase's advisor knows, each once at least.
create extension if not exists pg_trgm with schema public;
create table public.parent (id int primary key);
create table public.no_index (id int primary key, parent int references public.parent);
create table public.no_key (a int);
create table public.open (id int primary key, password text);
create table public.closed (id int primary key, owner uuid, other int);
create index closed_other_1 on public.closed (other);
create index closed_other_2 on public.closed (other);
alter table public.closed enable row level security;
create policy per_row on public.closed for select to authenticated using (auth.uid() = owner);
create policy another on public.closed for select to authenticated using (other > 5);
create policy everything on public.closed for update to authenticated using (true) with check (true);
create policy metadata on public.closed for delete to authenticated
  using ((select auth.jwt() -> 'user_metadata' ->> 'role') = 'admin');
create table public.silent (id int primary key);
alter table public.silent enable row level security;
create table public.forgotten (id int primary key);
create policy anybody on public.forgotten for select using (id > 0);
create view public.people as select id, email from auth.users;
create view public.as_owner as select * from public.closed;
create materialized view public.counted as select count(*) as n from public.closed;
create function public.anything() returns int language sql as 'select 1';
create function public.powers() returns int language sql security definer as 'select 1';
create table public.typed (id int primary key, relation regprocedure);
create table public."Odd Name" (id int primary key, "Parent Id" int references public.parent);
grant select on all tables in schema public to anon, authenticated;
