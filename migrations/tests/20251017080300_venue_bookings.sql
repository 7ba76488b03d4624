-- Scenario of venue_bookings.
--
-- Vic owns a hall, Wim a loft; Ada and Bob book, Eve is a stranger. All keys begin with 5ce0. Two
-- owners confirming at the same moment need two connections: tests/test_eventos_concurrency.py.

-- name: five people have accounts
-- as: owner
-- expect: 5 affected
insert into auth.users (id, email) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000004', 'vic@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000006', 'wim@scenario.example');

-- name: the hall, the loft, and a barn that is closed
-- as: owner
-- expect: 3 affected
insert into public.venues (id, owner_id, name, address, city, country, capacity, hourly_rate_cents, currency, status)
values
  ('5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000004', 'Hall', '1 Quay', 'Porto', 'PT', 100, 10000, 'EUR', 'active'),
  ('5ce10000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000006', 'Loft', '2 Quay', 'Porto', 'PT', 30, 4000, 'EUR', 'active'),
  ('5ce10000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000004', 'Barn', '3 Quay', 'Porto', 'PT', 50, 1000, 'EUR', 'inactive');

-- name: Ada plans an event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Dance',
  '2031-05-10 18:00+00', '2031-05-10 23:00+00', 80
);

-- name: she requests the hall for it, for four hours and a half
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.venue_bookings (id, venue_id, event_id, booker_id, start_at, end_at, guest_count)
values (
  '5ceb0000-0000-4000-8000-000000000001', '5ce10000-0000-4000-8000-000000000001',
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001',
  '2031-05-10 18:00+00', '2031-05-10 22:30+00', 80
);

-- name: five begun hours are charged at the venue's rate
-- as: authenticated ada@scenario.example
-- expect: value {"rate": 10000, "rental": 50000, "total": 50000, "currency": "EUR", "status": "requested"}
select jsonb_build_object(
  'rate', hourly_rate_cents, 'rental', rental_cents, 'total', total_cents, 'currency', currency, 'status', status
)
from public.venue_bookings where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: Bob requests the hall for an hour in the middle
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.venue_bookings (id, venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ceb0000-0000-4000-8000-000000000002', '5ce10000-0000-4000-8000-000000000001',
  '5ce00000-0000-4000-8000-000000000002', '2031-05-10 20:00+00', '2031-05-10 21:00+00', 20
);

-- name: and the loft for the same hour
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.venue_bookings (id, venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ceb0000-0000-4000-8000-000000000003', '5ce10000-0000-4000-8000-000000000002',
  '5ce00000-0000-4000-8000-000000000002', '2031-05-10 20:00+00', '2031-05-10 21:00+00', 20
);

-- name: and the hall for the hours right after Ada
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.venue_bookings (id, venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ceb0000-0000-4000-8000-000000000004', '5ce10000-0000-4000-8000-000000000001',
  '5ce00000-0000-4000-8000-000000000002', '2031-05-10 22:30+00', '2031-05-11 00:30+00', 20
);

-- name: nobody books in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20
);

-- name: nobody books for another's event
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venue_bookings (venue_id, event_id, booker_id, start_at, end_at, guest_count)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001',
  '5ce00000-0000-4000-8000-000000000003', '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20
);

-- name: nobody confirms a booking by making it so
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, status)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000003',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20, 'confirmed'
);

-- name: nobody names the rent
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, hourly_rate_cents)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000003',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20, 1
);

-- name: a closed venue takes no bookings
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ce10000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000003',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20
);

-- name: visitors book nothing
-- as: anon
-- expect: error 42501
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20
);

-- name: more guests than the venue holds are refused
-- as: authenticated bob@scenario.example
-- expect: error 23514
update public.venue_bookings set guest_count = 31 where id = '5ceb0000-0000-4000-8000-000000000003';

-- name: a booking ends after it starts
-- as: authenticated bob@scenario.example
-- expect: error 23514
update public.venue_bookings set end_at = start_at where id = '5ceb0000-0000-4000-8000-000000000003';

-- name: a booking of an unknown venue is refused
-- as: owner
-- expect: error 23503
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, hourly_rate_cents, currency)
values (
  '5ce10000-0000-4000-8000-0000000000ff', '5ce00000-0000-4000-8000-000000000001',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20, 1, 'EUR'
);

-- name: a booking by an unknown person is refused
-- as: owner
-- expect: error 23503
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-0000000000ff',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20
);

-- name: a booking for an unknown event is refused
-- as: owner
-- expect: error 23503
update public.venue_bookings set event_id = '5ce20000-0000-4000-8000-0000000000ff'
where id = '5ceb0000-0000-4000-8000-000000000002';

-- Who sees and decides what --------------------------------------------------------------------

-- name: bookers see their bookings
-- as: authenticated bob@scenario.example
-- expect: 3 rows
select id from public.venue_bookings where id::text like '5ceb0000-%';

-- name: the owner sees those of the hall
-- as: authenticated vic@scenario.example
-- expect: 3 rows
select id from public.venue_bookings where id::text like '5ceb0000-%';

-- name: the loft's owner sees that of the loft
-- as: authenticated wim@scenario.example
-- expect: value 5ceb0000-0000-4000-8000-000000000003
select string_agg(id::text, ',') from public.venue_bookings where id::text like '5ceb0000-%';

-- name: strangers see none
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.venue_bookings where id::text like '5ceb0000-%';

-- name: visitors see none
-- as: anon
-- expect: error 42501
select id from public.venue_bookings where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: strangers change none
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.venue_bookings set status = 'cancelled' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: the booker moves the request, and it is priced anew
-- as: authenticated ada@scenario.example
-- expect: value 40000
update public.venue_bookings set end_at = '2031-05-10 22:00+00'
where id = '5ceb0000-0000-4000-8000-000000000001' returning total_cents;

-- name: back again
-- as: authenticated ada@scenario.example
-- expect: value 50000
update public.venue_bookings set end_at = '2031-05-10 22:30+00'
where id = '5ceb0000-0000-4000-8000-000000000001' returning total_cents;

-- name: the owner does not move it
-- as: authenticated vic@scenario.example
-- expect: error 42501
update public.venue_bookings set end_at = '2031-05-10 22:00+00'
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: the booker does not grant herself a discount
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.venue_bookings set discount_cents = 50000
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: nor a lower fee
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.venue_bookings set rental_cents = 1 where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: nor does she confirm
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: the owner grants a discount
-- as: authenticated vic@scenario.example
-- expect: value 45000
update public.venue_bookings set discount_cents = 5000
where id = '5ceb0000-0000-4000-8000-000000000001' returning total_cents;

-- name: the server adds fees and tax
-- as: service_role
-- expect: value 59000
update public.venue_bookings set cleaning_fee_cents = 3000, service_fee_cents = 1000, tax_cents = 10000
where id = '5ceb0000-0000-4000-8000-000000000001' returning total_cents;

-- name: a discount does not exceed the price
-- as: authenticated vic@scenario.example
-- expect: error 23514
update public.venue_bookings set discount_cents = 100000
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: the owner confirms Ada
-- as: authenticated vic@scenario.example
-- expect: 1 affected
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: and can then not confirm Bob, who overlaps
-- as: authenticated vic@scenario.example
-- expect: error 23P01
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000002';

-- name: whoever begins when Ada ends does not overlap
-- as: authenticated vic@scenario.example
-- expect: 1 affected
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000004';

-- name: another venue at the same hour does not either
-- as: authenticated wim@scenario.example
-- expect: 1 affected
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000003';

-- name: not even the server books twice
-- as: service_role
-- expect: error 23P01
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, status)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000003',
  '2031-05-10 22:29+00', '2031-05-10 23:00+00', 5, 'confirmed'
);

-- name: a confirmed booking is not moved
-- as: authenticated ada@scenario.example
-- expect: error PT409
update public.venue_bookings set end_at = '2031-05-10 22:00+00'
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: nor given a discount
-- as: authenticated vic@scenario.example
-- expect: error PT409
update public.venue_bookings set discount_cents = 0
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: nor declined after all
-- as: authenticated vic@scenario.example
-- expect: error PT409
update public.venue_bookings set status = 'declined' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a request is not moved and cancelled at once
-- as: authenticated bob@scenario.example
-- expect: error PT409
update public.venue_bookings set status = 'cancelled', guest_count = 5
where id = '5ceb0000-0000-4000-8000-000000000002';

-- name: signed-in people may ask whether a venue is free
-- as: authenticated eve@scenario.example
-- expect: value false
select public.venue_is_free(
  '5ce10000-0000-4000-8000-000000000001', '2031-05-10 17:00+00', '2031-05-10 18:30+00'
);

-- name: it is, the hours before
-- as: authenticated eve@scenario.example
-- expect: value true
select public.venue_is_free(
  '5ce10000-0000-4000-8000-000000000001', '2031-05-10 16:00+00', '2031-05-10 18:00+00'
);

-- name: of a venue they do not see they learn nothing
-- as: authenticated eve@scenario.example
-- expect: value null
select public.venue_is_free(
  '5ce10000-0000-4000-8000-000000000003', '2031-05-10 16:00+00', '2031-05-10 18:00+00'
);

-- name: visitors do not ask
-- as: anon
-- expect: error 42501
select public.venue_is_free(
  '5ce10000-0000-4000-8000-000000000001', '2031-05-10 16:00+00', '2031-05-10 18:00+00'
);

-- name: nobody reaches the function behind it
-- as: authenticated eve@scenario.example
-- expect: error 42501
select private.venue_is_free(
  '5ce10000-0000-4000-8000-000000000003', '2031-05-10 16:00+00', '2031-05-10 18:00+00'
);

-- name: Ada cancels what was confirmed
-- as: authenticated ada@scenario.example
-- expect: value true
update public.venue_bookings set status = 'cancelled'
where id = '5ceb0000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: now Bob can be confirmed
-- as: authenticated vic@scenario.example
-- expect: 1 affected
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000002';

-- name: what is cancelled stays cancelled, also to the server
-- as: service_role
-- expect: error PT409
update public.venue_bookings set status = 'requested' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: bookings are not deleted but cancelled
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.venue_bookings where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a venue with bookings stays
-- as: owner
-- expect: error 23503
delete from public.venues where id = '5ce10000-0000-4000-8000-000000000001';

-- name: a person with bookings stays
-- as: owner
-- expect: error 23503
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000002';

-- name: an event may go
-- as: owner
-- expect: 1 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000001';

-- name: its booking stays, without it
-- as: owner
-- expect: value null
select event_id from public.venue_bookings where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: two thousand bookings, one after the other
-- as: owner
-- expect: 2000 affected
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, status, notes)
select
  '5ce10000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001',
  '2032-01-01 00:00+00'::timestamptz + n * interval '1 hour',
  '2032-01-01 00:00+00'::timestamptz + (n + 1) * interval '1 hour',
  5, 'confirmed', 'crowd'
from generate_series(1, 2000) as n;

-- name: whether a venue is free is answered by the exclusion constraint's index
-- as: owner
-- expect: index venue_bookings_confirmed_do_not_overlap
select id from public.venue_bookings
where venue_id = '5ce10000-0000-4000-8000-000000000002'
  and status = 'confirmed'
  and tstzrange(start_at, end_at, '[)') && tstzrange('2032-02-01 10:30+00', '2032-02-01 11:30+00', '[)');

-- name: a venue's calendar is read by index
-- as: owner
-- expect: index venue_bookings_venue_id_start_at_idx
select start_at, end_at from public.venue_bookings
where venue_id = '5ce10000-0000-4000-8000-000000000002' and start_at >= '2032-03-20 00:00+00'
order by start_at limit 10;

-- name: they leave
-- as: owner
-- expect: 2000 affected
delete from public.venue_bookings
where venue_id = '5ce10000-0000-4000-8000-000000000002' and notes = 'crowd';

-- name: sequential scans are priced out, for the few rows that are left
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: the policy finds a booker's bookings by index
-- as: authenticated bob@scenario.example
-- expect: index venue_bookings_booker_id_idx
select id from public.venue_bookings;

-- name: requests that wait for an answer are found by index
-- as: owner
-- expect: index venue_bookings_requested_created_at_idx
select id from public.venue_bookings where status = 'requested' and created_at < now();

-- name: and an owner's by that of the venue
-- as: authenticated vic@scenario.example
-- expect: index venue_bookings_venue_id_start_at_idx
select id from public.venue_bookings;

-- name: an event's bookings are found by index
-- as: owner
-- expect: index venue_bookings_event_id_idx
select id from public.venue_bookings where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Values that checks refuse -------------------------------------------------------------------

-- name: somebody comes
-- as: owner
-- expect: error 23514
update public.venue_bookings set guest_count = 0 where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: notes are no novel
-- as: owner
-- expect: error 23514
update public.venue_bookings set notes = repeat('x', 4001)
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a rate is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set hourly_rate_cents = -1
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a rental is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set rental_cents = -1
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a cleaning fee is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set cleaning_fee_cents = -1
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a service fee is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set service_fee_cents = -1
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a discount is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set discount_cents = -1
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a tax is not negative
-- as: owner
-- expect: error 23514
update public.venue_bookings set tax_cents = -1 where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a currency is three capital letters
-- as: owner
-- expect: error 23514
update public.venue_bookings set currency = 'eur' where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: a booking does not start in an unknown state
-- as: owner
-- expect: error 23514
insert into public.venue_bookings (venue_id, booker_id, start_at, end_at, guest_count, status)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001',
  '2031-06-10 20:00+00', '2031-06-10 21:00+00', 20, 'lost'
);

-- name: nobody backdates the last change of a booking: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.venue_bookings set updated_at = '2025-01-01 00:00:00+00'
where id = '5ceb0000-0000-4000-8000-000000000001' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value event_id
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.venue_bookings'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and not a.attnotnull;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value id, venue_id, event_id, booker_id, start_at, end_at, guest_count, notes
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.venue_bookings'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert');

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value start_at, end_at, guest_count, notes, status, discount_cents
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.venue_bookings'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update');

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value venue_bookings insert authenticated; venue_bookings select authenticated; venue_bookings update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('venue_bookings');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.guard_venue_booking: none; private.price_venue_booking: none; private.venue_is_free (definer): authenticated service_role; public.venue_is_free: authenticated service_role
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
  'private.price_venue_booking',
  'private.guard_venue_booking',
  'private.venue_is_free',
  'public.venue_is_free'
);

-- name: Ada plans another event
-- as: owner
-- expect: ok
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-000000000009', '5ce00000-0000-4000-8000-000000000001', 'Dinner',
  '2031-05-10 18:00+00', '2031-05-10 23:00+00', 80
);

-- name: her booking is for that one now, so that the key has something to refer to
-- as: owner
-- expect: 1 affected
update public.venue_bookings set event_id = '5ce20000-0000-4000-8000-000000000009'
where id = '5ceb0000-0000-4000-8000-000000000001';

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.venue_bookings'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- access: public.venue_bookings
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  1/4     1/4     1/4     none
--   authenticated bob@scenario.example  3/4     3/4     3/4     none
--   authenticated vic@scenario.example  3/4     none    3/4     none
--   authenticated wim@scenario.example  1/4     none    1/4     none
--   authenticated eve@scenario.example  none    none    none    none
--   service_role                        all     all     all     all
