create table billing.invoice (
  id bigint generated always as identity primary key,
  order_id bigint not null,
  placed_on date not null,
  net_cents integer not null,
  vat_rate numeric(4,2) not null default 0.19,
  gross_cents integer generated always as ((net_cents * (1 + vat_rate))::integer) stored,
  foreign key (order_id, placed_on) references shop.orders (id, placed_on)
);
create index invoice_order_idx on billing.invoice (order_id, placed_on);

create table billing.invoice_log (
  id bigint generated always as identity primary key,
  invoice_id bigint not null,
  was integer,
  now integer not null,
  at timestamptz not null default now()
);

create function billing.log_invoice() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into billing.invoice_log (invoice_id, was, now)
  values (new.id, case when tg_op = 'UPDATE' then old.net_cents end, new.net_cents);
  return new;
end
$$;

create trigger invoice_logged
after insert or update of net_cents on billing.invoice
for each row execute function billing.log_invoice();

create materialized view billing.revenue as
select placed_on, sum(net_cents)::bigint as net_cents from billing.invoice group by placed_on
with no data;
create unique index revenue_day_idx on billing.revenue (placed_on);

create view shop.customer_public with (security_barrier = true) as
select id, full_name from shop.customer where email not like '%@internal.example';
