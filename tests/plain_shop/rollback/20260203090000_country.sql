alter table shop.customer drop column country;
