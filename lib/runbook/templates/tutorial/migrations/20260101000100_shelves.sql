-- shelves: where books stand. Everybody may read them.

create table public.shelves (
    id   uuid primary key default gen_random_uuid(),
    name text not null unique
);

comment on table public.shelves is 'Where books stand.';

alter table public.shelves enable row level security;

revoke all on public.shelves from anon, authenticated;
grant select on public.shelves to anon, authenticated;

create policy shelves_read on public.shelves for select to anon, authenticated using (true);
