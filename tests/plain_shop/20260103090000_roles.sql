create role shop_app_rw nologin;
grant shop_app_rw to current_user;

grant usage on schema shop, billing to shop_app_rw;
grant select, insert, update on all tables in schema shop to shop_app_rw;
grant select on billing.invoice, billing.revenue to shop_app_rw;
alter default privileges in schema shop grant select, insert, update on tables to shop_app_rw;

alter table shop.orders enable row level security;
create policy by_desk on shop.orders
using (id % 2 = nullif(current_setting('shop.desk', true), '')::int);
