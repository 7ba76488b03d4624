begin;
create table public.audit (id bigint generated always as identity primary key, what text not null);
alter table public.audit enable row level security;
create policy none on public.audit for select to authenticated using (false);
commit;
begin;
insert into public.audit (what) values ('made');
commit;
