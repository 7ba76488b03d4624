-- Scenario of core_eventos_schema_production.
--
-- Ada organizes, Bob buys, Vic owns venues, Eve is a stranger, Gil only signs up and leaves. All
-- keys begin with 5ce0; every row is asked for by its key, so that this runs beside any data.

-- name: five people sign up
-- as: owner
-- expect: 5 affected
insert into auth.users (id, email, raw_user_meta_data, created_at) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example', '{"full_name": "Ada Marsh"}', '2025-01-01 00:00:00+00'),
  ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example', '{"full_name": "   "}', '2025-01-01 00:00:00+00'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example', null, '2025-01-01 00:00:00+00'),
  ('5ce00000-0000-4000-8000-000000000004', 'vic@scenario.example', '{"full_name": "Vic Tanner"}', '2025-01-01 00:00:00+00'),
  ('5ce00000-0000-4000-8000-000000000005', 'gil@scenario.example', null, '2025-01-01 00:00:00+00');

-- name: the trigger on auth.users gave Ada a profile under the name she signed up with
-- as: owner
-- expect: value Ada Marsh
select display_name from public.profiles where id = '5ce00000-0000-4000-8000-000000000001';

-- name: without a name the profile is called after the e-mail address
-- as: owner
-- expect: value bob
select display_name from public.profiles where id = '5ce00000-0000-4000-8000-000000000002';

-- name: a user has one profile, not two
-- as: owner
-- expect: error 23505
insert into public.profiles (id, display_name)
values ('5ce00000-0000-4000-8000-000000000001', 'Ada again');

-- name: a profile without a user is refused
-- as: owner
-- expect: error 23503
insert into public.profiles (id, display_name)
values ('5ce00000-0000-4000-8000-0000000000ff', 'Nobody');

-- name: people read their own profile and no other
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-000000000001
select string_agg(id::text, ',') from public.profiles where id::text like '5ce00000-%';

-- name: visitors read no profile
-- as: anon
-- expect: error 42501
select id from public.profiles where id = '5ce00000-0000-4000-8000-000000000001';

-- name: people change their own profile
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.profiles set phone = '+351911000001', locale = 'pt-PT'
where id = '5ce00000-0000-4000-8000-000000000001';

-- name: the shared trigger stamped the change
-- as: owner
-- expect: value true
select updated_at = now() and created_at = '2025-01-01 00:00:00+00'
from public.profiles where id = '5ce00000-0000-4000-8000-000000000001';

-- name: people do not change another's profile
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.profiles set display_name = 'Eve was here'
where id = '5ce00000-0000-4000-8000-000000000001';

-- name: people do not move their profile to another user
-- as: authenticated eve@scenario.example
-- expect: error 42501
update public.profiles set id = '5ce00000-0000-4000-8000-000000000001'
where id = '5ce00000-0000-4000-8000-000000000003';

-- name: people do not insert profiles
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.profiles (id, display_name)
values ('5ce00000-0000-4000-8000-000000000003', 'Eve');

-- name: people do not delete profiles
-- as: authenticated eve@scenario.example
-- expect: error 42501
delete from public.profiles where id = '5ce00000-0000-4000-8000-000000000003';

-- name: a phone number that is not E.164 is refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.profiles set phone = '0911 000 001'
where id = '5ce00000-0000-4000-8000-000000000001';

-- name: the profile goes with its user
-- as: owner
-- expect: ok
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000005';

-- name: Gil's profile is gone
-- as: owner
-- expect: 0 rows
select id from public.profiles where id = '5ce00000-0000-4000-8000-000000000005';

-- Venues ---------------------------------------------------------------------------------------

-- name: Vic lists an active venue
-- as: authenticated vic@scenario.example
-- expect: 1 affected
insert into public.venues (
  id, owner_id, name, address, city, country, capacity, hourly_rate_cents, currency, amenities
) values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000004', 'Glass House',
  '1 Quay', 'Porto', 'PT', 120, 9000, 'EUR', '{wifi,stage}'
);

-- name: and one that is not listed yet
-- as: authenticated vic@scenario.example
-- expect: 1 affected
insert into public.venues (id, owner_id, name, address, city, country, capacity, status)
values (
  '5ce10000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000004', 'Cellar',
  '2 Quay', 'Porto', 'PT', 40, 'inactive'
);

-- name: nobody lists a venue in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venues (owner_id, name, address, city, country, capacity)
values ('5ce00000-0000-4000-8000-000000000004', 'Not mine', 'x', 'Porto', 'PT', 10);

-- name: visitors list no venue
-- as: anon
-- expect: error 42501
insert into public.venues (owner_id, name, address, city, country, capacity)
values ('5ce00000-0000-4000-8000-000000000004', 'Not mine', 'x', 'Porto', 'PT', 10);

-- name: visitors read active venues only
-- as: anon
-- expect: value Glass House
select string_agg(name, ',') from public.venues where id::text like '5ce10000-%';

-- name: an owner reads the inactive ones too
-- as: authenticated vic@scenario.example
-- expect: 2 rows
select name from public.venues where id::text like '5ce10000-%';

-- name: others do not
-- as: authenticated ada@scenario.example
-- expect: 1 row
select name from public.venues where id::text like '5ce10000-%';

-- name: an owner changes a venue
-- as: authenticated vic@scenario.example
-- expect: 1 affected
update public.venues set amenities = '{wifi,stage,step-free}'
where id = '5ce10000-0000-4000-8000-000000000001';

-- name: others change no venue
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.venues set hourly_rate_cents = 0 where id = '5ce10000-0000-4000-8000-000000000001';

-- name: an owner does not give a venue away
-- as: authenticated vic@scenario.example
-- expect: error 42501
update public.venues set owner_id = '5ce00000-0000-4000-8000-000000000003'
where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a venue of an unknown owner is refused
-- as: owner
-- expect: error 23503
insert into public.venues (owner_id, name, address, city, country, capacity)
values ('5ce00000-0000-4000-8000-0000000000ff', 'Lost', 'x', 'Porto', 'PT', 10);

-- name: a venue holds at least one guest
-- as: owner
-- expect: error 23514
insert into public.venues (owner_id, name, address, city, country, capacity)
values ('5ce00000-0000-4000-8000-000000000004', 'Tiny', 'x', 'Porto', 'PT', 0);

-- name: a currency is three capital letters
-- as: owner
-- expect: error 23514
update public.venues set currency = 'euro' where id = '5ce10000-0000-4000-8000-000000000001';

-- name: others remove no venue
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.venues where id = '5ce10000-0000-4000-8000-000000000001';

-- Events ---------------------------------------------------------------------------------------

-- name: Ada publishes a public event, and prepares three others
-- as: authenticated ada@scenario.example
-- expect: 4 affected
insert into public.events (
  id, organizer_id, venue_id, title, status, visibility, start_at, end_at, capacity, price_cents, currency
) values
  ('5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', '5ce10000-0000-4000-8000-000000000001', 'Café São João — Launch!', 'published', 'public', now() + interval '30 days', now() + interval '31 days', 100, 2500, 'EUR'),
  ('5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001', null, 'Draft', 'draft', 'public', now() + interval '40 days', now() + interval '41 days', 50, 0, 'EUR'),
  ('5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000001', null, 'Board Dinner', 'published', 'private', now() + interval '50 days', now() + interval '51 days', 12, 0, 'EUR'),
  ('5ce20000-0000-4000-8000-000000000004', '5ce00000-0000-4000-8000-000000000001', null, 'Called Off', 'cancelled', 'public', now() + interval '60 days', now() + interval '61 days', 12, 0, 'EUR');

-- name: the slug is made of the title's words and the id
-- as: owner
-- expect: value cafe-sao-joao-launch-5ce20000
select slug from public.events where id = '5ce20000-0000-4000-8000-000000000001';

-- name: a title without a Latin letter still gets a slug
-- as: owner
-- expect: value 東京
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce2000f-0000-4000-8000-000000000005', '5ce00000-0000-4000-8000-000000000001', '東京',
  now(), now() + interval '1 hour', 1
) returning title;

-- name: that slug says event
-- as: owner
-- expect: value event-5ce2000f
select slug from public.events where id = '5ce2000f-0000-4000-8000-000000000005';

-- name: a slug belongs to one event
-- as: owner
-- expect: error 23505
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-0000000000aa', '5ce00000-0000-4000-8000-000000000001', 'DRAFT',
  now(), now() + interval '1 hour', 1
);

-- name: nobody writes a slug by hand
-- as: owner
-- expect: error 428C9
update public.events set slug = 'mine' where id = '5ce20000-0000-4000-8000-000000000001';

-- name: an event ends after it starts
-- as: owner
-- expect: error 23514
insert into public.events (organizer_id, title, start_at, end_at, capacity)
values ('5ce00000-0000-4000-8000-000000000001', 'Backwards', now(), now(), 10);

-- name: an event has room for somebody
-- as: owner
-- expect: error 23514
insert into public.events (organizer_id, title, start_at, end_at, capacity)
values ('5ce00000-0000-4000-8000-000000000001', 'Empty', now(), now() + interval '1 hour', 0);

-- name: an unknown status is refused
-- as: owner
-- expect: error 23514
update public.events set status = 'maybe' where id = '5ce20000-0000-4000-8000-000000000002';

-- name: an event of an unknown organizer is refused
-- as: owner
-- expect: error 23503
insert into public.events (organizer_id, title, start_at, end_at, capacity)
values ('5ce00000-0000-4000-8000-0000000000ff', 'Orphan', now(), now() + interval '1 hour', 10);

-- name: an event at an unknown venue is refused
-- as: owner
-- expect: error 23503
update public.events set venue_id = '5ce10000-0000-4000-8000-0000000000ff'
where id = '5ce20000-0000-4000-8000-000000000002';

-- name: a venue with events stays
-- as: owner
-- expect: error 23503
delete from public.venues where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a person with events stays
-- as: owner
-- expect: error 23503
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000001';

-- name: visitors see the published public event alone
-- as: anon
-- expect: value 5ce20000-0000-4000-8000-000000000001
select string_agg(id::text, ',') from public.events where id::text like '5ce2%';

-- name: the organizer sees every one of her events
-- as: authenticated ada@scenario.example
-- expect: 5 rows
select id from public.events where id::text like '5ce2%';

-- name: a stranger sees what visitors see
-- as: authenticated eve@scenario.example
-- expect: 1 row
select id from public.events where id::text like '5ce2%';

-- name: nobody creates an event in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.events (organizer_id, title, start_at, end_at, capacity)
values ('5ce00000-0000-4000-8000-000000000001', 'Forged', now(), now() + interval '1 hour', 10);

-- name: visitors create no event
-- as: anon
-- expect: error 42501
insert into public.events (organizer_id, title, start_at, end_at, capacity)
values ('5ce00000-0000-4000-8000-000000000001', 'Forged', now(), now() + interval '1 hour', 10);

-- name: an organizer changes her event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.events set description = 'Come early.' where id = '5ce20000-0000-4000-8000-000000000001';

-- name: an organizer does not hand her event to another
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.events set organizer_id = '5ce00000-0000-4000-8000-000000000003'
where id = '5ce20000-0000-4000-8000-000000000001';

-- name: a stranger changes no event
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.events set price_cents = 0 where id = '5ce20000-0000-4000-8000-000000000001';

-- name: visitors change no event
-- as: anon
-- expect: error 42501
update public.events set price_cents = 0 where id = '5ce20000-0000-4000-8000-000000000001';

-- name: an organizer deletes a draft
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.events where id = '5ce2000f-0000-4000-8000-000000000005';

-- name: but not what was published
-- as: authenticated ada@scenario.example
-- expect: 0 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000001';

-- name: a stranger deletes nobody's draft
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000002';

-- Orders ---------------------------------------------------------------------------------------

-- name: Bob orders three places
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.orders (id, event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001',
  '5ce00000-0000-4000-8000-000000000002', 'Bob Lane', 'bob@scenario.example', 3
);

-- name: the order has the event's price, its total, a number, and waits for payment
-- as: owner
-- expect: value {"price": 2500, "total": 7500, "currency": "EUR", "status": "pending", "numbered": true}
select jsonb_build_object(
  'price', unit_price_cents, 'total', total_cents, 'currency', currency, 'status', status,
  'numbered', order_number ~ '^EO-[0-9A-F]{12}$'
)
from public.orders where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a customer does not name the price
-- as: authenticated bob@scenario.example
-- expect: error 42501
insert into public.orders (
  event_id, customer_id, buyer_name, buyer_email, quantity, unit_price_cents, currency
) values (
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000002', 'Bob Lane',
  'bob@scenario.example', 1, 1, 'EUR'
);

-- name: a customer does not lower the price afterwards
-- as: authenticated bob@scenario.example
-- expect: error 42501
update public.orders set unit_price_cents = 1 where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a customer does not declare an order paid
-- as: authenticated bob@scenario.example
-- expect: error 42501
update public.orders set status = 'paid', paid_at = now()
where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a customer does not change the quantity of an order
-- as: authenticated bob@scenario.example
-- expect: error 42501
update public.orders set quantity = 100 where id = '5ce30000-0000-4000-8000-000000000001';

-- name: nobody orders in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.orders (event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000002', 'Bob Lane',
  'bob@scenario.example', 1
);

-- name: nobody orders places at a draft
-- as: authenticated bob@scenario.example
-- expect: error 42501
insert into public.orders (event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000002', 'Bob Lane',
  'bob@scenario.example', 1
);

-- name: nor, uninvited, at a private event
-- as: authenticated bob@scenario.example
-- expect: error 42501
insert into public.orders (event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000002', 'Bob Lane',
  'bob@scenario.example', 1
);

-- name: visitors place no order
-- as: anon
-- expect: error 42501
insert into public.orders (event_id, buyer_name, buyer_email, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'A', 'a@scenario.example', 1);

-- name: an order without a place is refused
-- as: owner
-- expect: error 23514
insert into public.orders (event_id, buyer_name, buyer_email, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'A', 'a@scenario.example', 0);

-- name: an order for an unknown event is refused
-- as: owner
-- expect: error 23503
insert into public.orders (event_id, buyer_name, buyer_email, quantity, unit_price_cents, currency)
values ('5ce20000-0000-4000-8000-0000000000ff', 'A', 'a@scenario.example', 1, 0, 'EUR');

-- name: an order of an unknown customer is refused
-- as: owner
-- expect: error 23503
insert into public.orders (event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-0000000000ff', 'A',
  'a@scenario.example', 1
);

-- name: a total is computed, never written
-- as: service_role
-- expect: error 428C9
update public.orders set total_cents = 1 where id = '5ce30000-0000-4000-8000-000000000001';

-- name: the server sells Eve a place at the private event, at a price of its own
-- as: service_role
-- expect: 1 affected
insert into public.orders (
  id, order_number, event_id, customer_id, buyer_name, buyer_email, quantity, unit_price_cents,
  currency, status, paid_at
) values (
  '5ce30000-0000-4000-8000-000000000002', 'EO-SCENARIO-2', '5ce20000-0000-4000-8000-000000000003',
  '5ce00000-0000-4000-8000-000000000003', 'Eve Stone', 'eve@scenario.example', 1, 9900, 'EUR', 'paid', now()
);

-- name: an order number belongs to one order
-- as: service_role
-- expect: error 23505
insert into public.orders (order_number, event_id, buyer_name, buyer_email, quantity)
values ('EO-SCENARIO-2', '5ce20000-0000-4000-8000-000000000001', 'A', 'a@scenario.example', 1);

-- name: whoever holds an order sees its event, private or not
-- as: authenticated eve@scenario.example
-- expect: value Board Dinner
select title from public.events where id = '5ce20000-0000-4000-8000-000000000003';

-- name: customers see their own orders
-- as: authenticated bob@scenario.example
-- expect: value 5ce30000-0000-4000-8000-000000000001
select string_agg(id::text, ',') from public.orders where id::text like '5ce30000-%';

-- name: organizers see the orders of their events
-- as: authenticated ada@scenario.example
-- expect: 2 rows
select id from public.orders where id::text like '5ce30000-%';

-- name: everybody else sees none
-- as: authenticated vic@scenario.example
-- expect: 0 rows
select id from public.orders where id::text like '5ce30000-%';

-- name: visitors read no order
-- as: anon
-- expect: error 42501
select id from public.orders where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a customer corrects the buyer of a pending order
-- as: authenticated bob@scenario.example
-- expect: 1 affected
update public.orders set buyer_name = 'Robert Lane' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a stranger does not
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.orders set buyer_name = 'Eve' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: nor does the organizer
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.orders set buyer_name = 'Ada' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: customers delete no order
-- as: authenticated bob@scenario.example
-- expect: error 42501
delete from public.orders where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an order is not paid without a time
-- as: service_role
-- expect: error 23514
update public.orders set status = 'paid' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: the server takes the payment
-- as: service_role
-- expect: 1 affected
update public.orders set status = 'paid', paid_at = now()
where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a paid order is fixed for its customer
-- as: authenticated bob@scenario.example
-- expect: 0 affected
update public.orders set buyer_name = 'Somebody Else'
where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an event with orders stays
-- as: owner
-- expect: error 23503
delete from public.events where id = '5ce20000-0000-4000-8000-000000000001';

-- Attendees and tickets ------------------------------------------------------------------------

-- name: the server names the attendees of both orders
-- as: service_role
-- expect: 3 affected
insert into public.attendees (id, order_id, event_id, full_name, email) values
  ('5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'Robert Lane', 'bob@scenario.example'),
  ('5ce40000-0000-4000-8000-000000000002', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'Guest', null),
  ('5ce40000-0000-4000-8000-000000000003', '5ce30000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000003', 'Eve Stone', null);

-- name: an attendee of an unknown order is refused
-- as: owner
-- expect: error 23503
insert into public.attendees (order_id, event_id, full_name)
values ('5ce30000-0000-4000-8000-0000000000ff', '5ce20000-0000-4000-8000-000000000001', 'Nobody');

-- name: an attendee is in the event of the order and in no other
-- as: owner
-- expect: error 23503
insert into public.attendees (order_id, event_id, full_name)
values ('5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000003', 'Astray');

-- name: the server issues a ticket for each
-- as: service_role
-- expect: 3 affected
insert into public.tickets (id, attendee_id, order_id, event_id) values
  ('5ce50000-0000-4000-8000-000000000001', '5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001'),
  ('5ce50000-0000-4000-8000-000000000002', '5ce40000-0000-4000-8000-000000000002', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001'),
  ('5ce50000-0000-4000-8000-000000000003', '5ce40000-0000-4000-8000-000000000003', '5ce30000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000003');

-- name: each ticket has a code of its own
-- as: owner
-- expect: value 3
select count(distinct code) from public.tickets
where id::text like '5ce50000-%' and code ~ '^[0-9A-F]{32}$';

-- name: a code opens one door once
-- as: owner
-- expect: error 23505
update public.tickets
set code = (select code from public.tickets where id = '5ce50000-0000-4000-8000-000000000001')
where id = '5ce50000-0000-4000-8000-000000000002';

-- name: an attendee holds one live ticket
-- as: service_role
-- expect: error 23505
insert into public.tickets (attendee_id, order_id, event_id)
values (
  '5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001',
  '5ce20000-0000-4000-8000-000000000001'
);

-- name: a ticket of an unknown attendee is refused
-- as: owner
-- expect: error 23503
insert into public.tickets (attendee_id, order_id, event_id)
values (
  '5ce40000-0000-4000-8000-0000000000ff', '5ce30000-0000-4000-8000-000000000001',
  '5ce20000-0000-4000-8000-000000000001'
);

-- name: customers read their attendees
-- as: authenticated bob@scenario.example
-- expect: 2 rows
select id from public.attendees where id::text like '5ce40000-%';

-- name: organizers read the attendees of their events
-- as: authenticated ada@scenario.example
-- expect: 3 rows
select id from public.attendees where id::text like '5ce40000-%';

-- name: others read no attendee
-- as: authenticated vic@scenario.example
-- expect: 0 rows
select id from public.attendees where id::text like '5ce40000-%';

-- name: visitors read no attendee
-- as: anon
-- expect: error 42501
select id from public.attendees where id = '5ce40000-0000-4000-8000-000000000001';

-- name: a customer says who comes along
-- as: authenticated bob@scenario.example
-- expect: 1 affected
update public.attendees set full_name = 'Una Lane' where id = '5ce40000-0000-4000-8000-000000000002';

-- name: another customer does not
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.attendees set full_name = 'Eve' where id = '5ce40000-0000-4000-8000-000000000002';

-- name: an attendee does not change orders
-- as: authenticated bob@scenario.example
-- expect: error 42501
update public.attendees set order_id = '5ce30000-0000-4000-8000-000000000002'
where id = '5ce40000-0000-4000-8000-000000000002';

-- name: customers add no attendees
-- as: authenticated bob@scenario.example
-- expect: error 42501
insert into public.attendees (order_id, event_id, full_name)
values ('5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'One more');

-- name: customers read their tickets
-- as: authenticated bob@scenario.example
-- expect: 2 rows
select code from public.tickets where id::text like '5ce50000-%';

-- name: organizers read the tickets of their events
-- as: authenticated ada@scenario.example
-- expect: 3 rows
select code from public.tickets where id::text like '5ce50000-%';

-- name: others read no ticket
-- as: authenticated vic@scenario.example
-- expect: 0 rows
select code from public.tickets where id::text like '5ce50000-%';

-- name: visitors read no ticket
-- as: anon
-- expect: error 42501
select code from public.tickets where id = '5ce50000-0000-4000-8000-000000000001';

-- name: nobody but the server issues a ticket
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.tickets (attendee_id, order_id, event_id)
values (
  '5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001',
  '5ce20000-0000-4000-8000-000000000001'
);

-- name: an organizer checks a guest in
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.tickets set status = 'used', checked_in_at = now()
where id = '5ce50000-0000-4000-8000-000000000001';

-- name: a guest does not take that back
-- as: authenticated bob@scenario.example
-- expect: 0 affected
update public.tickets set status = 'valid', checked_in_at = null
where id = '5ce50000-0000-4000-8000-000000000001';

-- name: a used ticket has a time
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.tickets set status = 'used' where id = '5ce50000-0000-4000-8000-000000000002';

-- name: nobody rewrites a code
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.tickets set code = 'AAAAAAAAAAAA' where id = '5ce50000-0000-4000-8000-000000000002';

-- name: a void ticket makes room for another one
-- as: service_role
-- expect: 1 affected
update public.tickets set status = 'void' where id = '5ce50000-0000-4000-8000-000000000002';

-- name: which the server then issues
-- as: service_role
-- expect: 1 affected
insert into public.tickets (id, attendee_id, order_id, event_id)
values (
  '5ce50000-0000-4000-8000-000000000004', '5ce40000-0000-4000-8000-000000000002',
  '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001'
);

-- Sales at a glance ----------------------------------------------------------------------------

-- name: the organizer reads what was sold
-- as: authenticated ada@scenario.example
-- expect: value {"sold": 3, "revenue": 7500, "remaining": 97}
select jsonb_build_object('sold', sold, 'revenue', revenue_cents, 'remaining', remaining)
from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: an event nobody ordered has sold nothing
-- as: authenticated ada@scenario.example
-- expect: value 50
select remaining from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000002';

-- name: a customer gets no sum of the few orders they see
-- as: authenticated bob@scenario.example
-- expect: 0 rows
select sold from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: visitors read no figures
-- as: anon
-- expect: error 42501
select sold from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: the server reads all figures
-- as: service_role
-- expect: value 3
select sold from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000001';

-- What goes with what --------------------------------------------------------------------------

-- name: the functions of schema private cannot be called by name
-- as: authenticated ada@scenario.example
-- expect: error 42501
select private.organized_event_ids();

-- name: nobody truncates through the API, not even the server
-- as: service_role
-- expect: error 42501
truncate public.tickets;

-- name: the server removes an order
-- as: service_role
-- expect: 1 affected
delete from public.orders where id = '5ce30000-0000-4000-8000-000000000002';

-- name: its attendees and tickets went with it
-- as: owner
-- expect: value 0
select (select count(*) from public.attendees where order_id = '5ce30000-0000-4000-8000-000000000002')
  + (select count(*) from public.tickets where order_id = '5ce30000-0000-4000-8000-000000000002');

-- name: Bob closes his account
-- as: owner
-- expect: 1 affected
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000002';

-- name: the books keep his order, without him
-- as: owner
-- expect: value Robert Lane
select buyer_name from public.orders
where id = '5ce30000-0000-4000-8000-000000000001' and customer_id is null;

-- name: Bob signs up again
-- as: owner
-- expect: ok
insert into auth.users (id, email)
values ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example');

-- name: and the server gives him his order back
-- as: service_role
-- expect: 1 affected
update public.orders set customer_id = '5ce00000-0000-4000-8000-000000000002'
where id = '5ce30000-0000-4000-8000-000000000001';

-- name: he orders one place more
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.orders (id, event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce30000-0000-4000-8000-000000000003', '5ce20000-0000-4000-8000-000000000001',
  '5ce00000-0000-4000-8000-000000000002', 'Robert Lane', 'bob@scenario.example', 1
);

-- Plans. Sequential scans are priced out, because the tables are as small as they are here; what is
-- asked is whether the policies and queries can use the indexes at all.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: a search by amenity uses its GIN index
-- as: owner
-- expect: index venues_amenities_idx
select name from public.venues where amenities @> '{stage,step-free}';

-- name: active venues of a city are found by index
-- as: owner
-- expect: index venues_active_city_idx
select name from public.venues where status = 'active' and city = 'Porto';

-- name: orders that nobody paid for are found by index
-- as: owner
-- expect: index orders_pending_created_at_idx
select id from public.orders where status = 'pending' and created_at < now() - interval '1 hour';

-- name: the policy on orders finds a customer's orders by index
-- as: authenticated bob@scenario.example
-- expect: index orders_customer_id_idx
select order_number from public.orders;

-- name: and an organizer's by that of the event
-- as: authenticated ada@scenario.example
-- expect: index orders_event_id_idx
select order_number from public.orders;

-- name: the policy on tickets finds an organizer's tickets by index
-- as: authenticated ada@scenario.example
-- expect: index tickets_event_id_idx
select code from public.tickets;

-- name: the public calendar reads only listed events
-- as: anon
-- expect: index events_listed_start_at_idx
select title from public.events
where status = 'published' and visibility = 'public' and start_at > now()
order by start_at limit 20;

-- name: a page is found by its slug
-- as: owner
-- expect: index events_slug_key
select title from public.events where slug = 'cafe-sao-joao-launch-5ce20000';

-- name: an owner's venues are found by index
-- as: owner
-- expect: index venues_owner_id_idx
select id from public.venues where owner_id = '5ce00000-0000-4000-8000-000000000004';

-- name: an organizer's events are found by index
-- as: owner
-- expect: index events_organizer_id_idx
select id from public.events where organizer_id = '5ce00000-0000-4000-8000-000000000001';

-- name: the events at a venue are found by index
-- as: owner
-- expect: index events_venue_id_idx
select id from public.events where venue_id = '5ce10000-0000-4000-8000-000000000001';

-- name: the attendees of an order are found by index
-- as: owner
-- expect: index attendees_order_id_event_id_idx
select id from public.attendees where order_id = '5ce30000-0000-4000-8000-000000000001';

-- name: those of an event by another one
-- as: owner
-- expect: index attendees_event_id_idx
select id from public.attendees where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: the tickets of an order are found by index
-- as: owner
-- expect: index tickets_order_id_idx
select id from public.tickets where order_id = '5ce30000-0000-4000-8000-000000000001';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Values that checks refuse -------------------------------------------------------------------

-- name: a profile has a name
-- as: owner
-- expect: error 23514
update public.profiles set display_name = '' where id = '5ce00000-0000-4000-8000-000000000001';

-- name: a picture comes over https
-- as: owner
-- expect: error 23514
update public.profiles set avatar_url = 'http://scenario.example/a.png'
where id = '5ce00000-0000-4000-8000-000000000001';

-- name: a locale is a language and perhaps a country
-- as: owner
-- expect: error 23514
update public.profiles set locale = 'english' where id = '5ce00000-0000-4000-8000-000000000001';

-- name: a venue has a name
-- as: owner
-- expect: error 23514
update public.venues set name = '' where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a country is two capital letters
-- as: owner
-- expect: error 23514
update public.venues set country = 'Portugal' where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a rent is not negative
-- as: owner
-- expect: error 23514
update public.venues set hourly_rate_cents = -1 where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a venue is active or not
-- as: owner
-- expect: error 23514
update public.venues set status = 'perhaps' where id = '5ce10000-0000-4000-8000-000000000001';

-- name: an event has a title
-- as: owner
-- expect: error 23514
update public.events set title = '' where id = '5ce20000-0000-4000-8000-000000000001';

-- name: an event is public or private
-- as: owner
-- expect: error 23514
update public.events set visibility = 'secret' where id = '5ce20000-0000-4000-8000-000000000001';

-- name: a place does not cost less than nothing
-- as: owner
-- expect: error 23514
update public.events set price_cents = -1 where id = '5ce20000-0000-4000-8000-000000000001';

-- name: an event's currency is three capital letters
-- as: owner
-- expect: error 23514
update public.events set currency = 'eur' where id = '5ce20000-0000-4000-8000-000000000001';

-- name: a buyer has a name
-- as: owner
-- expect: error 23514
update public.orders set buyer_name = '' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: a buyer has an e-mail address
-- as: owner
-- expect: error 23514
update public.orders set buyer_email = 'nowhere' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an order number has a form
-- as: owner
-- expect: error 23514
update public.orders set order_number = '1' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an order's price is not negative
-- as: owner
-- expect: error 23514
update public.orders set unit_price_cents = -1 where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an order's currency is three capital letters
-- as: owner
-- expect: error 23514
update public.orders set currency = 'eur' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an order has a known status
-- as: owner
-- expect: error 23514
update public.orders set status = 'lost' where id = '5ce30000-0000-4000-8000-000000000001';

-- name: an attendee has a name
-- as: owner
-- expect: error 23514
update public.attendees set full_name = '' where id = '5ce40000-0000-4000-8000-000000000001';

-- name: an attendee's e-mail address has a form
-- as: owner
-- expect: error 23514
update public.attendees set email = 'nowhere' where id = '5ce40000-0000-4000-8000-000000000001';

-- name: an attendee's phone number is E.164
-- as: owner
-- expect: error 23514
update public.attendees set phone = '1234' where id = '5ce40000-0000-4000-8000-000000000001';

-- name: a code is long enough not to be guessed
-- as: owner
-- expect: error 23514
update public.tickets set code = 'A1' where id = '5ce50000-0000-4000-8000-000000000004';

-- name: a ticket has a known status
-- as: owner
-- expect: error 23514
update public.tickets set status = 'lost' where id = '5ce50000-0000-4000-8000-000000000004';

-- name: nobody backdates the last change of a profile: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.profiles set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce00000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of a venue: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.venues set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce10000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of an event: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.events set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce20000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of an order: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.orders set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce30000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of an attendee: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.attendees set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce40000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of a ticket: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.tickets set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce50000-0000-4000-8000-000000000004' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value attendees: email, phone; events: venue_id; orders: customer_id, paid_at; profiles: avatar_url, phone; tickets: checked_in_at
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.profiles'::regclass,
    'public.venues'::regclass,
    'public.events'::regclass,
    'public.orders'::regclass,
    'public.attendees'::regclass,
    'public.tickets'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and not a.attnotnull
  group by c.relname
) as t;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value events: id, organizer_id, venue_id, title, description, status, visibility, start_at, end_at, timezone, capacity, price_cents, currency; orders: id, event_id, customer_id, buyer_name, buyer_email, quantity; venues: id, owner_id, name, address, city, country, timezone, capacity, hourly_rate_cents, currency, amenities, status
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.profiles'::regclass,
    'public.venues'::regclass,
    'public.events'::regclass,
    'public.orders'::regclass,
    'public.attendees'::regclass,
    'public.tickets'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert')
  group by c.relname
) as t;

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value attendees: full_name, email, phone; events: venue_id, title, description, status, visibility, start_at, end_at, timezone, capacity, price_cents, currency; orders: buyer_name, buyer_email; profiles: display_name, avatar_url, phone, locale; tickets: status, checked_in_at; venues: name, address, city, country, timezone, capacity, hourly_rate_cents, currency, amenities, status
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.profiles'::regclass,
    'public.venues'::regclass,
    'public.events'::regclass,
    'public.orders'::regclass,
    'public.attendees'::regclass,
    'public.tickets'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')
  group by c.relname
) as t;

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value attendees select authenticated; attendees update authenticated; events delete authenticated; events insert authenticated; events select anon; events select authenticated; events update authenticated; orders insert authenticated; orders select authenticated; orders update authenticated; profiles select authenticated; profiles update authenticated; tickets select authenticated; tickets update authenticated; venues delete authenticated; venues insert authenticated; venues select anon; venues select authenticated; venues update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('profiles', 'venues', 'events', 'orders', 'attendees', 'tickets');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.create_profile (definer): none; private.ordered_event_ids (definer): authenticated; private.organized_event_ids (definer): authenticated; private.own_order_ids (definer): authenticated; private.owned_venue_ids (definer): authenticated; private.price_order: none; private.slugify: authenticated service_role; public.set_updated_at: none
select string_agg(
  n.nspname || '.' || p.proname || case when p.prosecdef then ' (definer)' else '' end || ': '
  || coalesce((
    select string_agg(r.name, ' ')
    from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
    where has_function_privilege(r.name, p.oid, 'execute')
  ), 'none'),
  '; ' order by n.nspname, p.proname
)
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname || '.' || p.proname in (
  'public.set_updated_at',
  'private.slugify',
  'private.create_profile',
  'private.organized_event_ids',
  'private.ordered_event_ids',
  'private.own_order_ids',
  'private.owned_venue_ids',
  'private.price_order'
);

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.profiles', 'public.venues', 'public.events', 'public.orders', 'public.attendees',
  'public.tickets'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- name: the figures are for reading, and not for visitors
-- as: owner
-- expect: value authenticated SELECT, service_role SELECT
select string_agg(r.name || ' ' || p.name, ', ' order by r.name, p.name)
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
  as p (name)
where has_table_privilege(r.name, 'public.event_stats', p.name);

-- name: no API role looks into schema private
-- as: owner
-- expect: 0 rows
select r.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
where has_schema_privilege(r.name, 'private', 'usage');

-- access: public.profiles
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  1/4     none    1/4     none
--   authenticated eve@scenario.example  1/4     none    1/4     none
--   service_role                        all     all     all     all

-- access: public.venues
--   role                                select  insert  update  delete
--   anon                                1/2     none    none    none
--   authenticated vic@scenario.example  all     all     all     all
--   authenticated ada@scenario.example  1/2     none    none    none
--   service_role                        all     all     all     all

-- access: public.events
--   role                                select  insert  update  delete
--   anon                                1/4     none    none    none
--   authenticated ada@scenario.example  all     all     all     1/4
--   authenticated bob@scenario.example  1/4     none    none    none
--   authenticated eve@scenario.example  1/4     none    none    none
--   service_role                        all     all     all     all

-- access: public.orders
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated bob@scenario.example  all     all     1/2     none
--   authenticated ada@scenario.example  all     none    none    none
--   authenticated eve@scenario.example  none    none    none    none
--   service_role                        all     all     all     all

-- access: public.attendees
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated bob@scenario.example  all     none    all     none
--   authenticated ada@scenario.example  all     none    none    none
--   authenticated eve@scenario.example  none    none    none    none
--   service_role                        all     all     all     all

-- access: public.tickets
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated bob@scenario.example  all     none    none    none
--   authenticated ada@scenario.example  all     none    all     none
--   authenticated eve@scenario.example  none    none    none    none
--   service_role                        all     all     all     all
