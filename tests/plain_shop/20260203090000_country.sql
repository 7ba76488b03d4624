alter table shop.customer add column country text;
update shop.customer set country = 'DE';
alter table shop.customer alter column country set default 'DE', alter column country set not null;
