-- Believable rows from before the twelve migrations: what "existing data is untouched" is said of.
--
-- Loads on the core schema alone, in one transaction, as postgres. Every key and every time is
-- fixed, so that two loads are the same to the byte. People and places are invented; addresses of
-- example.org belong to nobody. The profiles are made by the trigger on auth.users.

insert into auth.users (
  id, instance_id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
  created_at, updated_at
)
select
  u.id::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  u.email, u.joined::timestamptz, '{"provider": "email", "providers": ["email"]}',
  jsonb_build_object('full_name', u.full_name), u.joined::timestamptz, u.joined::timestamptz
from (values
  ('10000000-0000-4000-8000-000000000001', 'marta.oliveira@example.org', 'Marta Oliveira', '2025-02-03 09:12:00+00'),
  ('10000000-0000-4000-8000-000000000002', 'jonas.weidner@example.org', 'Jonas Weidner', '2025-02-11 16:40:00+00'),
  ('10000000-0000-4000-8000-000000000003', 'priya.raman@example.org', 'Priya Raman', '2025-02-27 08:05:00+00'),
  ('10000000-0000-4000-8000-000000000004', 'tomas.halvorsen@example.org', 'Tomas Halvorsen', '2025-03-08 19:31:00+00'),
  ('10000000-0000-4000-8000-000000000005', 'lucia.ferrante@example.org', 'Lucía Ferrante', '2025-03-19 11:54:00+00'),
  ('10000000-0000-4000-8000-000000000006', 'kwame.adjei@example.org', 'Kwame Adjei', '2025-04-02 07:22:00+00'),
  ('10000000-0000-4000-8000-000000000007', 'noor.haddad@example.org', 'Noor Haddad', '2025-04-25 13:18:00+00'),
  ('10000000-0000-4000-8000-000000000008', 'ewa.zielinska@example.org', 'Ewa Zielińska', '2025-05-14 20:47:00+00'),
  ('10000000-0000-4000-8000-000000000009', 'daniel.okafor@example.org', 'Daniel Okafor', '2025-06-01 10:00:00+00'),
  ('10000000-0000-4000-8000-000000000010', 'sophie.lambert@example.org', 'Sophie Lambert', '2025-06-30 15:29:00+00'),
  ('10000000-0000-4000-8000-000000000011', 'mateo.quispe@example.org', 'Mateo Quispe', '2025-07-21 18:03:00+00'),
  ('10000000-0000-4000-8000-000000000012', 'hana.sato@example.org', 'Hana Sato', '2025-08-16 06:36:00+00')
) as u (id, email, full_name, joined);

insert into public.venues (
  id, owner_id, name, address, city, country, timezone, capacity, hourly_rate_cents, currency,
  amenities, status, created_at, updated_at
)
values
  (
    '20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000005',
    'Armazém do Rio', 'Rua da Cintura 41', 'Lisbon', 'PT', 'Europe/Lisbon', 420, 18000, 'EUR',
    '{wifi,stage,bar,step-free}', 'active', '2025-03-20 10:00:00+00', '2025-07-02 09:15:00+00'
  ),
  (
    '20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000005',
    'Sala Jacarandá', 'Avenida das Palmeiras 7', 'Lisbon', 'PT', 'Europe/Lisbon', 80, 6500, 'EUR',
    '{wifi,projector}', 'active', '2025-03-20 10:20:00+00', '2025-03-20 10:20:00+00'
  ),
  (
    '20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000006',
    'Lantern Yard', '12 Tannery Lane', 'Bristol', 'GB', 'Europe/London', 250, 14000, 'GBP',
    '{stage,garden,step-free}', 'active', '2025-04-05 12:00:00+00', '2025-08-19 17:40:00+00'
  ),
  (
    '20000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000002',
    'Werkhalle Nord', 'Gleisstraße 18', 'Hamburg', 'DE', 'Europe/Berlin', 600, 22000, 'EUR',
    '{wifi,stage,loading-dock}', 'active', '2025-04-22 08:30:00+00', '2025-04-22 08:30:00+00'
  ),
  (
    '20000000-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000006',
    'The Old Foundry', '3 Forge Row', 'Bristol', 'GB', 'Europe/London', 140, 9000, 'GBP',
    '{stage}', 'inactive', '2025-05-30 14:10:00+00', '2025-09-01 08:00:00+00'
  );

insert into public.events (
  id, organizer_id, venue_id, title, description, status, visibility, start_at, end_at, timezone,
  capacity, price_cents, currency, created_at, updated_at
)
values
  (
    '3a91c0de-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001',
    '20000000-0000-4000-8000-000000000001', 'Lisbon Product Summit',
    'Two days on building products that last.', 'published', 'public',
    '2025-11-20 09:00:00+00', '2025-11-21 17:00:00+00', 'Europe/Lisbon', 400, 14900, 'EUR',
    '2025-06-10 10:00:00+00', '2025-09-12 16:25:00+00'
  ),
  (
    '3b57e2a4-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001',
    '20000000-0000-4000-8000-000000000002', 'Research Night: Talking to Customers',
    'An evening of short talks and long conversations.', 'completed', 'public',
    '2025-09-18 18:00:00+00', '2025-09-18 21:00:00+00', 'Europe/Lisbon', 60, 1500, 'EUR',
    '2025-07-01 09:30:00+00', '2025-09-19 08:00:00+00'
  ),
  (
    '3c08b7f1-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000003',
    '20000000-0000-4000-8000-000000000003', 'Harvest Jazz in the Garden',
    'Four bands, one garden, rain or shine.', 'published', 'public',
    '2025-11-08 15:00:00+00', '2025-11-08 22:30:00+00', 'Europe/London', 240, 3200, 'GBP',
    '2025-07-15 13:45:00+00', '2025-10-01 11:10:00+00'
  ),
  (
    '3d64a953-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000002',
    '20000000-0000-4000-8000-000000000004', 'Open Hardware Fair',
    'Benches, soldering irons and sixty projects to take apart.', 'published', 'public',
    '2025-12-06 10:00:00+00', '2025-12-07 16:00:00+00', 'Europe/Berlin', 550, 1800, 'EUR',
    '2025-08-02 07:50:00+00', '2025-09-28 19:05:00+00'
  ),
  (
    '3e2f18cc-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000002',
    '20000000-0000-4000-8000-000000000004', 'Supplier Day', 'By invitation.',
    'published', 'private',
    '2025-12-05 13:00:00+00', '2025-12-05 18:00:00+00', 'Europe/Berlin', 90, 0, 'EUR',
    '2025-08-20 12:00:00+00', '2025-08-20 12:00:00+00'
  ),
  (
    '3f7720b8-0000-4000-8000-000000000006', '10000000-0000-4000-8000-000000000003',
    null, 'Poetry Online: Winter Edition', 'Bring a poem and a warm drink.', 'draft', 'public',
    '2025-12-18 19:00:00+00', '2025-12-18 20:30:00+00', 'Europe/London', 100, 500, 'GBP',
    '2025-09-22 21:14:00+00', '2025-10-05 20:02:00+00'
  ),
  (
    '30d1e495-0000-4000-8000-000000000007', '10000000-0000-4000-8000-000000000004',
    '20000000-0000-4000-8000-000000000003', 'Trail Runners'' Supper',
    'Cancelled: the organizer broke an ankle.', 'cancelled', 'public',
    '2025-10-25 17:00:00+00', '2025-10-25 21:00:00+00', 'Europe/London', 120, 2400, 'GBP',
    '2025-08-11 06:48:00+00', '2025-10-09 10:31:00+00'
  ),
  (
    '318ac607-0000-4000-8000-000000000008', '10000000-0000-4000-8000-000000000001',
    null, 'Lisbon Product Summit 2026', 'Date and place to be found.', 'draft', 'private',
    '2026-11-19 09:00:00+00', '2026-11-20 17:00:00+00', 'Europe/Lisbon', 500, 16900, 'EUR',
    '2025-10-02 15:00:00+00', '2025-10-02 15:00:00+00'
  );

insert into public.orders (
  id, order_number, event_id, customer_id, buyer_name, buyer_email, quantity, unit_price_cents,
  currency, status, paid_at, created_at, updated_at
)
select
  ('40000000-0000-4000-8000-' || lpad(o.n::text, 12, '0'))::uuid,
  'EO-2025-' || lpad(o.n::text, 6, '0'),
  e.id, u.id, u.raw_user_meta_data ->> 'full_name', u.email, o.quantity,
  coalesce(o.price, e.price_cents), e.currency, o.status,
  case when o.status in ('paid', 'refunded') then o.at::timestamptz + interval '4 minutes' end,
  o.at::timestamptz,
  o.at::timestamptz + interval '5 minutes'
from (values
  (1, '3b57e2a4-0000-4000-8000-000000000002', 'daniel.okafor@example.org', 2, null, 'paid', '2025-07-09 10:01:00+00'),
  (2, '3b57e2a4-0000-4000-8000-000000000002', 'sophie.lambert@example.org', 1, null, 'paid', '2025-07-30 19:12:00+00'),
  (3, '3b57e2a4-0000-4000-8000-000000000002', 'hana.sato@example.org', 3, null, 'paid', '2025-08-18 07:44:00+00'),
  (4, '3b57e2a4-0000-4000-8000-000000000002', 'mateo.quispe@example.org', 1, null, 'refunded', '2025-08-21 22:09:00+00'),
  (5, '3a91c0de-0000-4000-8000-000000000001', 'kwame.adjei@example.org', 1, 9900, 'paid', '2025-06-15 09:00:00+00'),
  (6, '3a91c0de-0000-4000-8000-000000000001', 'noor.haddad@example.org', 2, 9900, 'paid', '2025-06-20 12:36:00+00'),
  (7, '3a91c0de-0000-4000-8000-000000000001', 'ewa.zielinska@example.org', 4, null, 'paid', '2025-08-28 14:20:00+00'),
  (8, '3a91c0de-0000-4000-8000-000000000001', 'daniel.okafor@example.org', 1, null, 'paid', '2025-09-03 08:55:00+00'),
  (9, '3a91c0de-0000-4000-8000-000000000001', 'priya.raman@example.org', 1, null, 'cancelled', '2025-09-07 17:41:00+00'),
  (10, '3a91c0de-0000-4000-8000-000000000001', 'hana.sato@example.org', 2, null, 'pending', '2025-10-16 21:30:00+00'),
  (11, '3c08b7f1-0000-4000-8000-000000000003', 'tomas.halvorsen@example.org', 2, null, 'paid', '2025-08-05 18:18:00+00'),
  (12, '3c08b7f1-0000-4000-8000-000000000003', 'sophie.lambert@example.org', 2, null, 'paid', '2025-08-30 09:27:00+00'),
  (13, '3c08b7f1-0000-4000-8000-000000000003', 'kwame.adjei@example.org', 5, 2700, 'paid', '2025-09-10 11:03:00+00'),
  (14, '3c08b7f1-0000-4000-8000-000000000003', 'marta.oliveira@example.org', 1, null, 'pending', '2025-10-16 08:15:00+00'),
  (15, '3d64a953-0000-4000-8000-000000000004', 'mateo.quispe@example.org', 1, null, 'paid', '2025-09-02 16:52:00+00'),
  (16, '3d64a953-0000-4000-8000-000000000004', 'ewa.zielinska@example.org', 2, null, 'paid', '2025-09-14 10:10:00+00'),
  (17, '3d64a953-0000-4000-8000-000000000004', 'noor.haddad@example.org', 1, null, 'paid', '2025-10-04 13:39:00+00'),
  (18, '3d64a953-0000-4000-8000-000000000004', 'lucia.ferrante@example.org', 3, null, 'cancelled', '2025-10-08 20:25:00+00'),
  (19, '3e2f18cc-0000-4000-8000-000000000005', 'kwame.adjei@example.org', 1, null, 'paid', '2025-09-01 09:09:00+00'),
  (20, '30d1e495-0000-4000-8000-000000000007', 'daniel.okafor@example.org', 2, null, 'refunded', '2025-08-29 12:12:00+00')
) as o (n, event_id, email, quantity, price, status, at)
join public.events as e on e.id = o.event_id::uuid
join auth.users as u on u.email = o.email;

-- The buyer comes first; the others of an order were named when it was placed.
insert into public.attendees (id, order_id, event_id, full_name, email, created_at, updated_at)
select
  md5('attendee ' || o.order_number || ' ' || a.n)::uuid,
  o.id, o.event_id,
  case when a.n = 1 then o.buyer_name else coalesce(g.full_name, 'Guest of ' || o.buyer_name) end,
  case when a.n = 1 then o.buyer_email end,
  o.paid_at, o.paid_at
from public.orders as o
cross join lateral generate_series(1, o.quantity) as a (n)
left join (values
  ('EO-2025-000001', 2, 'Ifeoma Okafor'),
  ('EO-2025-000003', 2, 'Ren Sato'),
  ('EO-2025-000003', 3, 'Aiko Tanabe'),
  ('EO-2025-000006', 2, 'Salim Haddad'),
  ('EO-2025-000007', 2, 'Piotr Zieliński'),
  ('EO-2025-000007', 3, 'Anna Wrona'),
  ('EO-2025-000011', 2, 'Ingrid Halvorsen'),
  ('EO-2025-000012', 2, 'Luc Lambert'),
  ('EO-2025-000013', 2, 'Abena Adjei'),
  ('EO-2025-000013', 3, 'Kofi Adjei'),
  ('EO-2025-000016', 2, 'Piotr Zieliński')
) as g (order_number, n, full_name) on g.order_number = o.order_number and g.n = a.n
where o.status in ('paid', 'refunded') and o.id::text like '40000000-0000-4000-8000-%';

insert into public.tickets (
  id, attendee_id, order_id, event_id, code, status, checked_in_at, created_at, updated_at
)
select
  md5('ticket ' || a.id)::uuid, a.id, a.order_id, a.event_id,
  upper(md5('code ' || a.id)),
  case
    when o.status = 'refunded' then 'void'
    when e.status = 'completed' then 'used'
    else 'valid'
  end,
  case
    when o.status = 'paid' and e.status = 'completed' then e.start_at - interval '10 minutes'
  end,
  o.paid_at, o.paid_at
from public.attendees as a
join public.orders as o on o.id = a.order_id
join public.events as e on e.id = a.event_id
where o.id::text like '40000000-0000-4000-8000-%';
