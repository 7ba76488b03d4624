-- books: what is on the shelves. Visitors are meant to see the published ones only.

create table public.books (
    id           uuid primary key default gen_random_uuid(),
    shelf_id     uuid not null references public.shelves (id),
    title        text not null,
    published_at timestamptz
);

comment on table public.books is 'What is on the shelves.';

create index books_shelf_id_idx on public.books (shelf_id);
create index books_unpublished_idx on public.books (title) where published_at is null;

alter table public.books enable row level security;

revoke all on public.books from anon, authenticated;
grant select on public.books to anon, authenticated;

create policy books_read on public.books for select to anon, authenticated
    using (published_at is not null);
