-- Scenario of books; rolled back after every run.

-- name: a shelf is put up
-- as: owner
-- expect: 1 affected
insert into public.shelves (name) values ('Poetry');

-- name: one book is published, one is not
-- as: owner
-- expect: 2 affected
insert into public.books (shelf_id, title, published_at)
select id, title, published_at
from public.shelves,
     (values ('The Waste Land', timestamptz '1922-10-15'), ('A draft', null)) as b (title, published_at)
where name = 'Poetry';

-- name: a visitor sees the published book only
-- as: anon
-- expect: value The Waste Land
select string_agg(title, ', ' order by title) from public.books;

-- access: public.books
--   role   select  insert  update  delete
--   anon   1/2     none    none    none
--   authenticated 00000000-0000-4000-8000-000000000001  1/2     none    none    none
--   service_role   all     all     all     all
