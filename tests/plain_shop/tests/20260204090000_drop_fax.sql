-- name: a customer has no fax
-- as: owner
-- expect: error 42703
insert into shop.customer (email, given_name, family_name, country, fax)
values ('ada@shop.example', 'Ada', 'Lovelace', 'GB', '1');
