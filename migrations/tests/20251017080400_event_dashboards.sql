-- Scenario of event_dashboards, and at its end phase 1's workflow from the first click of an
-- anonymous visitor to the figures of their event.
--
-- Ada organizes, Bob buys, Eve is a stranger, Vic owns a venue, Zoe walks through the workflow. All
-- keys begin with 5ce0.

-- name: five people have accounts
-- as: owner
-- expect: 5 affected
insert into auth.users (id, email) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000004', 'vic@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000007', 'zoe@scenario.example');

-- name: Ada creates an event, Eve another
-- as: owner
-- expect: 2 affected
insert into public.events (id, organizer_id, title, status, start_at, end_at, capacity, price_cents, currency)
values
  ('5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Ada''s Night', 'published', now() + interval '30 days', now() + interval '31 days', 100, 1000, 'EUR'),
  ('5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000003', 'Eve''s Night', 'published', now() + interval '30 days', now() + interval '31 days', 100, 1000, 'EUR');

-- name: each has a dashboard from the first moment
-- as: owner
-- expect: value 2
select count(*) from public.event_dashboards
where event_id::text like '5ce20000-%' and metrics = '{}' and refreshed_at is null;

-- name: no event of this database is without one
-- as: owner
-- expect: 0 rows
select e.id from public.events as e
where not exists (select 1 from public.event_dashboards as d where d.event_id = e.id);

-- name: a second dashboard of an event is refused
-- as: owner
-- expect: error 23505
insert into public.event_dashboards (event_id) values ('5ce20000-0000-4000-8000-000000000001');

-- name: a dashboard of an unknown event is refused
-- as: owner
-- expect: error 23503
insert into public.event_dashboards (event_id) values ('5ce20000-0000-4000-8000-0000000000ff');

-- name: organizers read their dashboard
-- as: authenticated ada@scenario.example
-- expect: value 5ce20000-0000-4000-8000-000000000001
select string_agg(event_id::text, ',') from public.event_dashboards where event_id::text like '5ce20000-%';

-- name: customers read none
-- as: authenticated bob@scenario.example
-- expect: 0 rows
select event_id from public.event_dashboards where event_id::text like '5ce20000-%';

-- name: visitors read none
-- as: anon
-- expect: error 42501
select event_id from public.event_dashboards where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: organizers make no dashboard by hand
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.event_dashboards (event_id) values ('5ce20000-0000-4000-8000-000000000001');

-- name: organizers arrange theirs
-- as: authenticated ada@scenario.example
-- expect: value true
update public.event_dashboards set layout = '{"widgets": ["sales", "tiers"]}'
where event_id = '5ce20000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: and no other
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.event_dashboards set layout = '{}' where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: a layout is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.event_dashboards set layout = '[]' where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: figures are an object too
-- as: service_role
-- expect: error 23514
update public.event_dashboards set metrics = '[]' where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: nobody invents figures
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.event_dashboards set metrics = '{"sales": {"sold": 1000}}'
where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: nobody deletes a dashboard
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.event_dashboards where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: Ada's event has a tier
-- as: owner
-- expect: 1 affected
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity, status)
values ('5ce20000-0000-4000-8000-000000000001', 'Standing', 1000, 'EUR', 40, 'active');

-- name: which sells three
-- as: service_role
-- expect: value 37
select public.sell_tickets(t.id, 3) from public.ticket_tiers as t
where t.event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: to two customers, of whom one has paid
-- as: service_role
-- expect: 2 affected
insert into public.orders (id, event_id, customer_id, buyer_name, buyer_email, quantity, status, paid_at)
values
  ('5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000002', 'Bob', 'bob@scenario.example', 2, 'paid', now()),
  ('5ce30000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000003', 'Eve', 'eve@scenario.example', 1, 'pending', null);

-- name: two people come
-- as: service_role
-- expect: 2 affected
insert into public.attendees (id, order_id, event_id, full_name) values
  ('5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'Bob'),
  ('5ce40000-0000-4000-8000-000000000002', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'Una');

-- name: one is inside, with a ticket that replaced a void one
-- as: service_role
-- expect: 2 affected
insert into public.tickets (attendee_id, order_id, event_id, status, checked_in_at) values
  ('5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'void', null),
  ('5ce40000-0000-4000-8000-000000000001', '5ce30000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', 'used', now());

-- name: Ada refreshes, and the figures come from orders, attendees, tickets and tiers
-- as: authenticated ada@scenario.example
-- expect: value {"orders": {"pending": 1, "paid": 1, "cancelled": 0, "refunded": 0}, "sales": {"sold": 2, "revenue_cents": 2000, "currency": "EUR", "capacity": 100, "remaining": 98}, "attendance": {"attendees": 2, "checked_in": 1}, "tiers": [{"slug": "standing", "status": "active", "quantity": 40, "sold": 3, "available": 37}]}
select public.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000001');

-- name: they are stored, with the time, and her layout is kept
-- as: authenticated ada@scenario.example
-- expect: value true
select metrics -> 'sales' ->> 'sold' = '2' and refreshed_at = now() and layout ? 'widgets'
from public.event_dashboards where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: an event that sold nothing shows zeros and no gaps
-- as: service_role
-- expect: value {"orders": {"pending": 0, "paid": 0, "cancelled": 0, "refunded": 0}, "sales": {"sold": 0, "revenue_cents": 0, "currency": "EUR", "capacity": 100, "remaining": 100}, "attendance": {"attendees": 0, "checked_in": 0}, "tiers": []}
select public.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000003');

-- name: refreshing another's event returns nothing
-- as: authenticated eve@scenario.example
-- expect: value null
select public.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000001');

-- name: visitors refresh nothing
-- as: anon
-- expect: error 42501
select public.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000001');

-- name: nobody reaches the function behind it
-- as: authenticated eve@scenario.example
-- expect: error 42501
select private.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000001');

-- name: Ada drafts an event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001', 'Idea',
  now() + interval '1 day', now() + interval '2 days', 10
);

-- name: and deletes it
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000002';

-- name: the dashboard went with it
-- as: owner
-- expect: 0 rows
select event_id from public.event_dashboards where event_id = '5ce20000-0000-4000-8000-000000000002';

-- name: two thousand events of Eve's
-- as: owner
-- expect: 2000 affected
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
select
  md5('scenario crowd ' || n)::uuid, '5ce00000-0000-4000-8000-000000000003', 'Crowd ' || n, now(),
  now() + interval '1 hour', 10
from generate_series(1, 2000) as n;

-- name: get figures
-- as: owner
-- expect: 2000 affected
update public.event_dashboards as d
set metrics = jsonb_build_object(
  'orders', jsonb_build_object('pending', 0, 'paid', n % 500, 'cancelled', 0, 'refunded', 0),
  'sales', jsonb_build_object('sold', n % 500, 'revenue_cents', n % 500 * 1000, 'currency', 'EUR'),
  'attendance', jsonb_build_object('attendees', n % 500, 'checked_in', 0),
  'tiers', '[]'::jsonb
)
from generate_series(1, 2000) as n
where d.event_id = md5('scenario crowd ' || n)::uuid;

-- Fresh entries of a GIN index wait in a list, which the planner would count against it.
-- name: their index is in order
-- as: owner
-- expect: ok
select gin_clean_pending_list('public.event_dashboards_metrics_idx');

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.event_dashboards;

-- name: figures are searched through their GIN index
-- as: owner
-- expect: index event_dashboards_metrics_idx
select event_id from public.event_dashboards where metrics @> '{"sales": {"sold": 77}}';

-- name: which finds the four of them
-- as: authenticated eve@scenario.example
-- expect: 4 rows
select event_id from public.event_dashboards where metrics @> '{"sales": {"sold": 77}}';

-- name: the policy finds an organizer's dashboards by key
-- as: authenticated ada@scenario.example
-- expect: index event_dashboards_pkey
select event_id from public.event_dashboards;

-- name: what was refreshed longest ago is found by index
-- as: owner
-- expect: index event_dashboards_refreshed_at_idx
select event_id from public.event_dashboards order by refreshed_at nulls first limit 20;

-- name: the crowd leaves
-- as: owner
-- expect: 2000 affected
delete from public.events
where organizer_id = '5ce00000-0000-4000-8000-000000000003' and title like 'Crowd %';

-- Phase 1, from end to end ---------------------------------------------------------------------

-- name: workflow: Vic lists a venue
-- as: authenticated vic@scenario.example
-- expect: 1 affected
insert into public.venues (id, owner_id, name, address, city, country, capacity, hourly_rate_cents, currency)
values (
  '5ce10000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000004', 'Boathouse',
  '5 Pier', 'Porto', 'PT', 80, 12000, 'EUR'
);

-- name: workflow: a visitor opens the wizard and says how to reach them
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-whole-workflow-0001"}
-- expect: 1 affected
insert into public.wizard_sessions (email, current_stage, completed_stages, state)
values (
  'zoe@scenario.example', 'event_basics', '{contact_info}', '{"contact_info": {"name": "Zoe"}}'
);

-- name: workflow: they describe the event
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-whole-workflow-0001"}
-- expect: 1 affected
update public.wizard_sessions
set
  current_stage = 'venue_selection',
  completed_stages = completed_stages || array['event_basics'],
  state = state || '{"event_basics": {"title": "River Lights", "start_at": "2031-06-21T18:00:00Z", "end_at": "2031-06-21T23:00:00Z", "capacity": 60, "price_cents": 2000, "currency": "EUR"}}';

-- name: workflow: they look at venues and choose one
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-whole-workflow-0001"}
-- expect: 1 affected
update public.wizard_sessions
set
  current_stage = 'ticketing',
  completed_stages = completed_stages || array['venue_selection'],
  state = state || jsonb_build_object('venue_selection', jsonb_build_object('venue_id', (
    select v.id from public.venues as v
    where v.id = '5ce10000-0000-4000-8000-000000000001' and v.capacity >= 60
  )));

-- name: workflow: they think of two kinds of tickets and a campaign
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-whole-workflow-0001"}
-- expect: 1 affected
update public.wizard_sessions
set
  current_stage = 'review',
  completed_stages = completed_stages || array['ticketing', 'marketing'],
  state = state || '{"ticketing": {"tiers": [{"name": "Shore", "price_cents": 2000, "quantity": 58}, {"name": "Boat", "price_cents": 5000, "quantity": 2}]}, "marketing": {"channel": "email", "name": "Announcement"}}';

-- name: workflow: Zoe signs in and claims the session
-- as: authenticated zoe@scenario.example headers={"x-wizard-token":"scenario-token-of-the-whole-workflow-0001"}
-- expect: value true
select public.claim_wizard_session() is not null;

-- name: workflow: what she entered is all there
-- as: authenticated zoe@scenario.example
-- expect: value {contact_info,event_basics,venue_selection,ticketing,marketing}
select completed_stages from public.wizard_sessions where email = 'zoe@scenario.example';

-- name: workflow: the event is created from it
-- as: authenticated zoe@scenario.example
-- expect: 1 affected
insert into public.events (
  id, organizer_id, venue_id, title, status, start_at, end_at, capacity, price_cents, currency
)
select
  '5ce20000-0000-4000-8000-000000000007', '5ce00000-0000-4000-8000-000000000007',
  (w.state -> 'venue_selection' ->> 'venue_id')::uuid, b.title, 'draft', b.start_at, b.end_at,
  b.capacity, b.price_cents, b.currency
from public.wizard_sessions as w
cross join lateral jsonb_to_record(w.state -> 'event_basics') as b (
  title text, start_at timestamptz, end_at timestamptz, capacity integer, price_cents bigint, currency text
)
where w.email = 'zoe@scenario.example';

-- name: workflow: its tiers too
-- as: authenticated zoe@scenario.example
-- expect: 2 affected
insert into public.ticket_tiers (event_id, name, price_cents, currency, quantity, status)
select '5ce20000-0000-4000-8000-000000000007', t.name, t.price_cents, 'EUR', t.quantity, 'active'
from public.wizard_sessions as w
cross join lateral jsonb_to_recordset(w.state -> 'ticketing' -> 'tiers') as t (
  name text, price_cents bigint, quantity integer
)
where w.email = 'zoe@scenario.example';

-- name: workflow: she writes an e-mail
-- as: authenticated zoe@scenario.example
-- expect: 1 affected
insert into public.email_templates (id, owner_id, name, subject, body_html, variables)
values (
  '5ce80000-0000-4000-8000-000000000007', '5ce00000-0000-4000-8000-000000000007', 'Announcement',
  '{{event_title}} is on', '<p>Come to {{event_title}}.</p>', '{event_title}'
);

-- name: workflow: and schedules the campaign with it
-- as: authenticated zoe@scenario.example
-- expect: 1 affected
insert into public.marketing_campaigns (event_id, email_template_id, name, channel, status, scheduled_at)
select
  '5ce20000-0000-4000-8000-000000000007', '5ce80000-0000-4000-8000-000000000007',
  w.state -> 'marketing' ->> 'name', w.state -> 'marketing' ->> 'channel', 'scheduled', now()
from public.wizard_sessions as w
where w.email = 'zoe@scenario.example';

-- name: workflow: the venue is free
-- as: authenticated zoe@scenario.example
-- expect: value true
select public.venue_is_free(e.venue_id, e.start_at, e.end_at)
from public.events as e where e.id = '5ce20000-0000-4000-8000-000000000007';

-- name: workflow: she requests it, five hours at its rate
-- as: authenticated zoe@scenario.example
-- expect: value 60000
insert into public.venue_bookings (id, venue_id, event_id, booker_id, start_at, end_at, guest_count)
select '5ceb0000-0000-4000-8000-000000000007', e.venue_id, e.id, e.organizer_id, e.start_at, e.end_at, e.capacity
from public.events as e where e.id = '5ce20000-0000-4000-8000-000000000007'
returning total_cents;

-- name: workflow: Vic confirms
-- as: authenticated vic@scenario.example
-- expect: 1 affected
update public.venue_bookings set status = 'confirmed' where id = '5ceb0000-0000-4000-8000-000000000007';

-- name: workflow: visitors do not see the draft
-- as: anon
-- expect: 0 rows
select title from public.events where id = '5ce20000-0000-4000-8000-000000000007';

-- name: workflow: Zoe publishes
-- as: authenticated zoe@scenario.example
-- expect: 1 affected
update public.events set status = 'published' where id = '5ce20000-0000-4000-8000-000000000007';

-- name: workflow: and the wizard is done
-- as: authenticated zoe@scenario.example
-- expect: 1 affected
update public.wizard_sessions
set
  status = 'completed',
  event_id = '5ce20000-0000-4000-8000-000000000007',
  completed_stages = completed_stages || array['review']
where email = 'zoe@scenario.example';

-- name: workflow: now visitors see the event and what it costs
-- as: anon
-- expect: value River Lights: Boat 5000, Shore 2000
select e.title || ': ' || string_agg(t.name || ' ' || t.price_cents, ', ' order by t.name)
from public.events as e
join public.ticket_tiers as t on t.event_id = e.id
where e.id = '5ce20000-0000-4000-8000-000000000007'
group by e.title;

-- name: workflow: Bob orders
-- as: authenticated bob@scenario.example
-- expect: 1 affected
insert into public.orders (id, event_id, customer_id, buyer_name, buyer_email, quantity)
values (
  '5ce30000-0000-4000-8000-000000000007', '5ce20000-0000-4000-8000-000000000007',
  '5ce00000-0000-4000-8000-000000000002', 'Bob', 'bob@scenario.example', 2
);

-- name: workflow: the server takes both boat tickets out of the tier
-- as: service_role
-- expect: value 0
select public.sell_tickets(t.id, 2) from public.ticket_tiers as t
where t.event_id = '5ce20000-0000-4000-8000-000000000007' and t.slug = 'boat';

-- name: workflow: and the payment at the tier's price
-- as: service_role
-- expect: value 10000
update public.orders set status = 'paid', paid_at = now(), unit_price_cents = 5000
where id = '5ce30000-0000-4000-8000-000000000007' returning total_cents;

-- name: workflow: the boat is sold out for everybody
-- as: anon
-- expect: value sold_out
select status from public.ticket_tiers
where event_id = '5ce20000-0000-4000-8000-000000000007' and slug = 'boat';

-- name: workflow: Zoe's dashboard shows it
-- as: authenticated zoe@scenario.example
-- expect: value {"sold": 2, "revenue_cents": 10000, "currency": "EUR", "capacity": 60, "remaining": 58}
select public.refresh_event_dashboard('5ce20000-0000-4000-8000-000000000007') -> 'sales';

-- name: workflow: and Eve's eyes find nothing of it
-- as: authenticated eve@scenario.example
-- expect: value 0
select
  (select count(*) from public.event_dashboards where event_id = '5ce20000-0000-4000-8000-000000000007')
  + (select count(*) from public.orders where event_id = '5ce20000-0000-4000-8000-000000000007')
  + (select count(*) from public.marketing_campaigns where event_id = '5ce20000-0000-4000-8000-000000000007')
  + (select count(*) from public.venue_bookings where event_id = '5ce20000-0000-4000-8000-000000000007')
  + (select count(*) from public.wizard_sessions where email = 'zoe@scenario.example')
  + (select count(*) from public.event_stats where event_id = '5ce20000-0000-4000-8000-000000000007');

-- Values that checks refuse -------------------------------------------------------------------

-- name: a layout is not a store of films
-- as: owner
-- expect: error 23514
update public.event_dashboards set layout = jsonb_build_object('x', repeat('x', 70000))
where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: nobody backdates the last change of a dashboard: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.event_dashboards set updated_at = '2025-01-01 00:00:00+00'
where event_id = '5ce20000-0000-4000-8000-000000000001' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value refreshed_at
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.event_dashboards'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and not a.attnotnull;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value null
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.event_dashboards'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert');

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value layout
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.event_dashboards'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update');

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value event_dashboards select authenticated; event_dashboards update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('event_dashboards');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.create_event_dashboard (definer): none; private.refresh_event_dashboard (definer): authenticated service_role; public.refresh_event_dashboard: authenticated service_role
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
  'private.create_event_dashboard',
  'private.refresh_event_dashboard',
  'public.refresh_event_dashboard'
);

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.event_dashboards'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- access: public.event_dashboards
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  1/3     none    1/3     none
--   authenticated eve@scenario.example  1/3     none    1/3     none
--   authenticated zoe@scenario.example  1/3     none    1/3     none
--   authenticated bob@scenario.example  none    none    none    none
--   service_role                        all     all     all     all
