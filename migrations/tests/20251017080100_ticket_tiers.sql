-- Scenario of ticket_tiers.
--
-- Ada organizes, Eve is a stranger, Bob a customer. All keys begin with 5ce0. Two buyers at the same
-- moment need two connections: tests/test_eventos_concurrency.py.

-- name: Ada, Bob and Eve have accounts
-- as: owner
-- expect: 3 affected
insert into auth.users (id, email) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example');

-- name: Ada has a published, a draft and a private event
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.events (id, organizer_id, title, status, visibility, start_at, end_at, capacity)
values
  ('5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Open Night', 'published', 'public', now() + interval '30 days', now() + interval '31 days', 100),
  ('5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001', 'Draft Night', 'draft', 'public', now() + interval '30 days', now() + interval '31 days', 100),
  ('5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000001', 'Closed Night', 'published', 'private', now() + interval '30 days', now() + interval '31 days', 100);

-- name: she sets up tiers
-- as: authenticated ada@scenario.example
-- expect: 5 affected
insert into public.ticket_tiers (id, event_id, name, price_cents, currency, quantity, status, sale_start_at, sale_end_at)
values
  ('5ce70000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'Early Bird', 2000, 'EUR', 3, 'active', now() - interval '1 day', now() + interval '10 days'),
  ('5ce70000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000001', 'Regular', 3000, 'EUR', 50, 'active', now() + interval '10 days', null),
  ('5ce70000-0000-4000-8000-000000000003', '5ce20000-0000-4000-8000-000000000001', 'Patron', 9000, 'EUR', 5, 'draft', null, null),
  ('5ce70000-0000-4000-8000-000000000004', '5ce20000-0000-4000-8000-000000000002', 'Early Bird', 2000, 'EUR', 5, 'active', null, null),
  ('5ce70000-0000-4000-8000-000000000005', '5ce20000-0000-4000-8000-000000000003', 'Guest', 0, 'EUR', 5, 'active', null, null);

-- name: what is available is computed
-- as: owner
-- expect: value {"slug": "early-bird", "available": 3}
select jsonb_build_object('slug', slug, 'available', available)
from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000001';

-- name: a slug is unique within its event
-- as: authenticated ada@scenario.example
-- expect: error 23505
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'EARLY — bird!', 1, 'EUR', 1);

-- name: a name without a letter or digit has no slug and is refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-000000000001', '***', 1, 'EUR', 1);

-- name: a tier of an unknown event is refused
-- as: owner
-- expect: error 23503
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-0000000000ff', 'Orphan', 1, 'EUR', 1);

-- name: a price is not negative
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.ticket_tiers set price_cents = -1 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: a tier holds at least one ticket
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'None', 1, 'EUR', 0);

-- name: a tier's name is short
-- as: owner
-- expect: error 23514
update public.ticket_tiers set name = repeat('x', 81) where id = '5ce70000-0000-4000-8000-000000000002';

-- name: a currency is three capital letters
-- as: owner
-- expect: error 23514
update public.ticket_tiers set currency = 'eur' where id = '5ce70000-0000-4000-8000-000000000002';

-- name: an order takes at least one ticket
-- as: owner
-- expect: error 23514
update public.ticket_tiers set max_per_order = 0 where id = '5ce70000-0000-4000-8000-000000000002';

-- name: less than nothing is not sold
-- as: owner
-- expect: error 23514
update public.ticket_tiers set sold = -1 where id = '5ce70000-0000-4000-8000-000000000002';

-- name: a sale ends after it starts
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.ticket_tiers set sale_end_at = sale_start_at
where id = '5ce70000-0000-4000-8000-000000000001';

-- name: an unknown status is refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.ticket_tiers set status = 'gone' where id = '5ce70000-0000-4000-8000-000000000001';

-- Who sees and changes what --------------------------------------------------------------------

-- name: visitors read the tiers of published public events, without drafts
-- as: anon
-- expect: value Early Bird, Regular
select string_agg(name, ', ' order by name) from public.ticket_tiers where id::text like '5ce70000-%';

-- name: people read the same
-- as: authenticated eve@scenario.example
-- expect: value Early Bird, Regular
select string_agg(name, ', ' order by name) from public.ticket_tiers where id::text like '5ce70000-%';

-- name: the organizer reads all of hers
-- as: authenticated ada@scenario.example
-- expect: 5 rows
select name from public.ticket_tiers where id::text like '5ce70000-%';

-- name: the server lets Bob in at the closed night, and at one that is still a draft
-- as: service_role
-- expect: 2 affected
insert into public.orders (event_id, customer_id, buyer_name, buyer_email, quantity, status, paid_at)
values
  ('5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000002', 'Bob', 'bob@scenario.example', 1, 'paid', now()),
  ('5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000002', 'Bob', 'bob@scenario.example', 1, 'paid', now());

-- name: he sees both events
-- as: authenticated bob@scenario.example
-- expect: 3 rows
select title from public.events where id::text like '5ce20000-%';

-- name: but no tiers of them: those are for the public to choose from
-- as: authenticated bob@scenario.example
-- expect: value Early Bird 3, Regular 50
select string_agg(name || ' ' || quantity, ', ' order by name) from public.ticket_tiers
where id::text like '5ce70000-%';

-- name: his order for the draft is taken back
-- as: service_role
-- expect: 1 affected
delete from public.orders where event_id = '5ce20000-0000-4000-8000-000000000002';

-- name: visitors add no tier
-- as: anon
-- expect: error 42501
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'Free', 0, 'EUR', 100);

-- name: strangers add no tier
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity)
values ('5ce20000-0000-4000-8000-000000000001', 'Free', 0, 'EUR', 100);

-- name: visitors change no price
-- as: anon
-- expect: error 42501
update public.ticket_tiers set price_cents = 0 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: strangers change no price
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.ticket_tiers set price_cents = 0 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: the organizer does
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.ticket_tiers set price_cents = 2200 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: but does not write what was sold
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.ticket_tiers set sold = 0 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: nor move a tier to another event
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.ticket_tiers set event_id = '5ce20000-0000-4000-8000-000000000002'
where id = '5ce70000-0000-4000-8000-000000000001';

-- name: strangers remove no tier
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000001';

-- Selling --------------------------------------------------------------------------------------

-- name: visitors sell nothing
-- as: anon
-- expect: error 42501
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: customers sell themselves nothing
-- as: authenticated bob@scenario.example
-- expect: error 42501
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: not even the organizer sells past the server
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: customers give nothing back by themselves
-- as: authenticated bob@scenario.example
-- expect: error 42501
select public.release_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: the server sells two of three
-- as: service_role
-- expect: value 1
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 2);

-- name: it does not sell two of the one that is left
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 2);

-- name: it sells the last one
-- as: service_role
-- expect: value 0
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: the status followed the count
-- as: anon
-- expect: value sold_out
select status from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000001';

-- name: nothing is sold when nothing is left
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: the check refuses what goes past the function
-- as: owner
-- expect: error 23514
update public.ticket_tiers set sold = 4 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: an organizer does not take back what is sold
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.ticket_tiers set quantity = 2 where id = '5ce70000-0000-4000-8000-000000000001';

-- name: an organizer does not talk a sold-out tier into being active
-- as: authenticated ada@scenario.example
-- expect: value sold_out
update public.ticket_tiers set status = 'active'
where id = '5ce70000-0000-4000-8000-000000000001' returning status;

-- name: nor an active one into being sold out
-- as: authenticated ada@scenario.example
-- expect: value active
update public.ticket_tiers set status = 'sold_out'
where id = '5ce70000-0000-4000-8000-000000000004' returning status;

-- name: a refund gives one back
-- as: service_role
-- expect: value 1
select public.release_tickets('5ce70000-0000-4000-8000-000000000001', 1);

-- name: and the tier is on sale again
-- as: anon
-- expect: value active
select status from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000001';

-- name: no more comes back than was sold
-- as: service_role
-- expect: error PT409
select public.release_tickets('5ce70000-0000-4000-8000-000000000001', 3);

-- name: nothing is sold before the window opens
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-000000000002', 1);

-- name: nothing is sold of a draft
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-000000000003', 1);

-- name: nothing is sold for an event that is not published
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-000000000004', 1);

-- name: a private event sells to whom the server lets in
-- as: service_role
-- expect: value 4
select public.sell_tickets('5ce70000-0000-4000-8000-000000000005', 1);

-- name: a tier that does not exist sells nothing
-- as: service_role
-- expect: error PT409
select public.sell_tickets('5ce70000-0000-4000-8000-0000000000ff', 1);

-- name: the number sold is positive
-- as: service_role
-- expect: error 22023
select public.sell_tickets('5ce70000-0000-4000-8000-000000000001', -1);

-- name: so is the number given back
-- as: service_role
-- expect: error 22023
select public.release_tickets('5ce70000-0000-4000-8000-000000000001', 0);

-- name: an old tier is kept
-- as: owner
-- expect: ok
insert into public.ticket_tiers (id, event_id, name, price_cents, currency, quantity, updated_at)
values (
  '5ce70000-0000-4000-8000-000000000006', '5ce20000-0000-4000-8000-000000000001', 'Old', 1, 'EUR', 1,
  '2025-01-01 00:00:00+00'
);

-- name: the shared trigger stamps its change
-- as: authenticated ada@scenario.example
-- expect: value true
update public.ticket_tiers set description = 'Changed'
where id = '5ce70000-0000-4000-8000-000000000006' returning updated_at = now();

-- name: a tier that sold nothing is removed by the organizer
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000006';

-- name: one that sold something stays
-- as: authenticated ada@scenario.example
-- expect: 0 affected
delete from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000001';

-- name: tiers go with their event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000002';

-- name: the draft's tier is gone
-- as: owner
-- expect: 0 rows
select id from public.ticket_tiers where id = '5ce70000-0000-4000-8000-000000000004';

-- name: sequential scans are priced out, for the few rows that are here
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: the tiers of an event are found by the index behind the key
-- as: anon
-- expect: index ticket_tiers_event_id_slug_key
select name, available from public.ticket_tiers
where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: the policy finds an organizer's tiers by the same index
-- as: owner
-- expect: index ticket_tiers_event_id_slug_key
select name from public.ticket_tiers
where event_id = any (array(select e.id from public.events as e where e.organizer_id = '5ce00000-0000-4000-8000-000000000001'));

-- name: the tiers whose sale ends are found by theirs
-- as: owner
-- expect: index ticket_tiers_active_sale_end_at_idx
select id from public.ticket_tiers where status = 'active' and sale_end_at < now();

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: nobody backdates the last change of a tier: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.ticket_tiers set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce70000-0000-4000-8000-000000000002' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value sale_start_at, sale_end_at
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.ticket_tiers'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and not a.attnotnull;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value id, event_id, name, description, price_cents, currency, quantity, max_per_order, sale_start_at, sale_end_at, status, position
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.ticket_tiers'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert');

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value name, description, price_cents, currency, quantity, max_per_order, sale_start_at, sale_end_at, status, position
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.ticket_tiers'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update');

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value ticket_tiers delete authenticated; ticket_tiers insert authenticated; ticket_tiers select anon; ticket_tiers select authenticated; ticket_tiers update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('ticket_tiers');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.set_ticket_tier_status: none; public.release_tickets: service_role; public.sell_tickets: service_role
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
  'private.set_ticket_tier_status',
  'public.sell_tickets',
  'public.release_tickets'
);

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.ticket_tiers'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- access: public.ticket_tiers
--   role                                select  insert  update  delete
--   anon                                2/4     none    none    none
--   authenticated ada@scenario.example  all     all     all     2/4
--   authenticated bob@scenario.example  2/4     none    none    none
--   authenticated eve@scenario.example  2/4     none    none    none
--   service_role                        all     all     all     all
