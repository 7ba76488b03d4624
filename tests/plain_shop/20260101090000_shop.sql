create schema shop;
create schema billing;

create type shop.order_state as enum ('new', 'paid', 'shipped');

create table shop.customer (
  id bigint generated always as identity primary key,
  email text not null unique check (email like '%@%'),
  given_name text not null,
  family_name text not null,
  full_name text generated always as (given_name || ' ' || family_name) stored,
  fax text,
  created_at timestamptz not null default now()
);

create table shop.product (
  id bigint generated always as identity primary key,
  sku text not null unique,
  title text not null,
  price_cents integer not null check (price_cents >= 0)
);

create table shop.orders (
  id bigint generated always as identity,
  customer_id bigint not null references shop.customer (id),
  state shop.order_state not null default 'new',
  placed_on date not null,
  total_cents integer not null default 0,
  primary key (id, placed_on)
) partition by range (placed_on);
create table shop.orders_2025 partition of shop.orders for values from ('2025-01-01') to ('2026-01-01');
create table shop.orders_2026 partition of shop.orders for values from ('2026-01-01') to ('2027-01-01');
create index orders_customer_idx on shop.orders (customer_id);

create table public.setting (name text primary key, value text not null);
