-- Scenario of roles: what the application may do, and at which desk.

-- name: a customer
-- as: owner
-- expect: 1 affected
insert into shop.customer (email, given_name, family_name)
values ('ada@shop.example', 'Ada', 'Lovelace');

-- name: three orders
-- as: owner
-- expect: 3 affected
insert into shop.orders (id, customer_id, placed_on) overriding system value
select n, c.id, '2026-02-01' from shop.customer as c, generate_series(1000001, 1000003) as n
where c.email = 'ada@shop.example';

-- name: an invoice, logged by its trigger
-- as: owner
-- expect: 1 affected
insert into billing.invoice (order_id, placed_on, net_cents) values (1000001, '2026-02-01', 1000);

-- name: the gross sum is generated
-- as: role shop_app_rw
-- expect: value 1190
select gross_cents from billing.invoice where order_id = 1000001;

-- name: the log is not the application's
-- as: role shop_app_rw
-- expect: error 42501
select from billing.invoice_log;

-- name: an odd desk sees the odd orders
-- as: role shop_app_rw settings={"shop.desk":"1"}
-- expect: 2 rows
select id from shop.orders;

-- name: without a desk nobody sees any
-- as: role shop_app_rw
-- expect: 0 rows
select id from shop.orders;

-- access: shop.orders
--   role                                              select  insert  update  delete
--   role shop_app_rw settings={"shop.desk":"0"}       1/3     1/3     1/3     none
--   role shop_app_rw settings={"shop.desk":"1"}       2/3     2/3     2/3     none
--   role shop_app_rw                                  none    none    none    none

-- access: billing.invoice
--   role                                              select  insert  update  delete
--   role shop_app_rw                                  all     none    none    none
