alter table shop.customer add column fax text;
