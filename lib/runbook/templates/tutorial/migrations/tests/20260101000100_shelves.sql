-- Scenario of shelves; rolled back after every run.

-- name: a shelf is put up
-- as: owner
-- expect: 1 affected
insert into public.shelves (name) values ('Poetry');

-- name: a visitor sees it
-- as: anon
-- expect: 1 row
select name from public.shelves where name = 'Poetry';

-- access: public.shelves
--   role   select  insert  update  delete
--   anon   all     none    none    none
--   authenticated 00000000-0000-4000-8000-000000000001  all     none    none    none
--   service_role   all     all     all     all
