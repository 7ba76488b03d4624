create index concurrently customer_family_idx on shop.customer (family_name);
alter table shop.product add column weight_g integer;
