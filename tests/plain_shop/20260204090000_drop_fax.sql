alter table shop.customer drop column fax;
