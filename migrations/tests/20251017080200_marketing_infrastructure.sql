-- Scenario of marketing_infrastructure.
--
-- Ada and Eve organize an event each; Bob is a customer. All keys begin with 5ce0.

-- name: Ada, Bob and Eve have accounts
-- as: owner
-- expect: 3 affected
insert into auth.users (id, email) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000002', 'bob@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example');

-- name: Ada and Eve have an event each
-- as: owner
-- expect: 2 affected
insert into public.events (id, organizer_id, title, status, start_at, end_at, capacity) values
  ('5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Ada''s Night', 'published', now() + interval '30 days', now() + interval '31 days', 100),
  ('5ce20000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000003', 'Eve''s Night', 'published', now() + interval '30 days', now() + interval '31 days', 100);

-- E-mail templates -----------------------------------------------------------------------------

-- name: Ada writes a template with two variables
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.email_templates (id, owner_id, name, subject, body_html, variables)
values (
  '5ce80000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Invitation',
  'Come, {{guest}}', '<p>Dear {{ guest }}, see you at {{event_title}}.</p>', '{guest,event_title}'
);

-- name: Eve writes one of her own under the same name
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.email_templates (id, owner_id, name, subject, body_html)
values (
  '5ce80000-0000-4000-8000-000000000003', '5ce00000-0000-4000-8000-000000000003', 'Invitation',
  'Come', '<p>Come.</p>'
);

-- name: a variable that is used must be declared
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.email_templates (owner_id, name, subject, body_html, variables)
values ('5ce00000-0000-4000-8000-000000000001', 'Sloppy', 'Hi {{guest}}', '<p>{{discount}}</p>', '{guest}');

-- name: a name is used once by its owner
-- as: authenticated ada@scenario.example
-- expect: error 23505
insert into public.email_templates (owner_id, name, subject, body_html)
values ('5ce00000-0000-4000-8000-000000000001', 'Invitation', 'x', 'x');

-- name: a subject is one line, or it could smuggle headers
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.email_templates set subject = E'Hi\nBcc: all@scenario.example'
where id = '5ce80000-0000-4000-8000-000000000001';

-- name: nobody writes a template in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.email_templates (owner_id, name, subject, body_html)
values ('5ce00000-0000-4000-8000-000000000001', 'Forged', 'x', 'x');

-- name: a template of an unknown owner is refused
-- as: owner
-- expect: error 23503
insert into public.email_templates (owner_id, name, subject, body_html)
values ('5ce00000-0000-4000-8000-0000000000ff', 'Orphan', 'x', 'x');

-- name: owners read their templates
-- as: authenticated ada@scenario.example
-- expect: value 5ce80000-0000-4000-8000-000000000001
select string_agg(id::text, ',') from public.email_templates where id::text like '5ce80000-%';

-- name: visitors read no template
-- as: anon
-- expect: error 42501
select id from public.email_templates where id = '5ce80000-0000-4000-8000-000000000001';

-- name: owners change their templates
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.email_templates set subject = 'Do come, {{guest}}'
where id = '5ce80000-0000-4000-8000-000000000001';

-- name: others do not
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.email_templates set subject = 'Spam' where id = '5ce80000-0000-4000-8000-000000000001';

-- name: a template does not change owners
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.email_templates set owner_id = '5ce00000-0000-4000-8000-000000000003'
where id = '5ce80000-0000-4000-8000-000000000001';

-- name: others delete no template
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.email_templates where id = '5ce80000-0000-4000-8000-000000000001';

-- name: a template is filled in once, and its values are escaped in HTML only
-- as: authenticated ada@scenario.example
-- expect: value {"subject": "Do come, Tom & {{event_title}}", "body_html": "<p>Dear Tom &amp; {{event_title}}, see you at &lt;Night&gt;.</p>"}
select public.render_email_template(
  '5ce80000-0000-4000-8000-000000000001',
  '{"guest": "Tom & {{event_title}}", "event_title": "<Night>"}'
);

-- name: a value does not add a header to the e-mail
-- as: authenticated ada@scenario.example
-- expect: value Do come, Tom Bcc: all@scenario.example
select public.render_email_template(
  '5ce80000-0000-4000-8000-000000000001',
  '{"guest": "Tom\r\nBcc: all@scenario.example", "event_title": "Night"}'
) ->> 'subject';

-- name: a value that is missing is an error and not an empty place
-- as: authenticated ada@scenario.example
-- expect: error 22023
select public.render_email_template('5ce80000-0000-4000-8000-000000000001', '{"guest": "Tom"}');

-- name: nobody renders another's template
-- as: authenticated eve@scenario.example
-- expect: value null
select public.render_email_template(
  '5ce80000-0000-4000-8000-000000000001', '{"guest": "Tom", "event_title": "Night"}'
);

-- name: visitors render nothing
-- as: anon
-- expect: error 42501
select public.render_email_template('5ce80000-0000-4000-8000-000000000001', '{}');

-- Campaigns ------------------------------------------------------------------------------------

-- name: Ada plans three campaigns
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.marketing_campaigns (
  id, event_id, email_template_id, name, channel, audience, budget_cents, currency, status, scheduled_at
) values
  ('5ce90000-0000-4000-8000-000000000001', '5ce20000-0000-4000-8000-000000000001', '5ce80000-0000-4000-8000-000000000001', 'Invitations', 'email', '{"city": "Lisbon", "tags": ["jazz"]}', 5000, 'EUR', 'scheduled', now() + interval '1 day'),
  ('5ce90000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000001', null, 'Reminder', 'whatsapp', '{"city": "Porto"}', 0, 'EUR', 'draft', null),
  ('5ce90000-0000-4000-8000-000000000004', '5ce20000-0000-4000-8000-000000000001', null, 'Thanks', 'email', '{}', 0, 'EUR', 'draft', null);

-- name: Eve plans one
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.marketing_campaigns (id, event_id, name, channel)
values (
  '5ce90000-0000-4000-8000-000000000003', '5ce20000-0000-4000-8000-000000000003', 'Posters', 'social'
);

-- name: nobody plans for another's event
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.marketing_campaigns (event_id, name, channel)
values ('5ce20000-0000-4000-8000-000000000001', 'Forged', 'social');

-- name: nobody sends another's template
-- as: authenticated eve@scenario.example
-- expect: error 42501
update public.marketing_campaigns set email_template_id = '5ce80000-0000-4000-8000-000000000001'
where id = '5ce90000-0000-4000-8000-000000000003';

-- name: no campaign starts as sent
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.marketing_campaigns (event_id, name, channel, status, scheduled_at)
values ('5ce20000-0000-4000-8000-000000000001', 'Boast', 'social', 'sent', now());

-- name: a campaign of an unknown event is refused
-- as: owner
-- expect: error 23503
insert into public.marketing_campaigns (event_id, name, channel)
values ('5ce20000-0000-4000-8000-0000000000ff', 'Orphan', 'social');

-- name: a campaign with an unknown template is refused
-- as: owner
-- expect: error 23503
update public.marketing_campaigns set email_template_id = '5ce80000-0000-4000-8000-0000000000ff'
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a scheduled campaign has a time
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.marketing_campaigns set status = 'scheduled' where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a scheduled e-mail has a template
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.marketing_campaigns set status = 'scheduled', scheduled_at = now()
where id = '5ce90000-0000-4000-8000-000000000004';

-- name: an audience is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.marketing_campaigns set audience = '["Lisbon"]'
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: an unknown channel is refused
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set channel = 'pigeon' where id = '5ce90000-0000-4000-8000-000000000002';

-- name: organizers read the campaigns of their events
-- as: authenticated ada@scenario.example
-- expect: 3 rows
select id from public.marketing_campaigns where id::text like '5ce90000-%';

-- name: customers read none
-- as: authenticated bob@scenario.example
-- expect: 0 rows
select id from public.marketing_campaigns where id::text like '5ce90000-%';

-- name: visitors read none
-- as: anon
-- expect: error 42501
select id from public.marketing_campaigns where id = '5ce90000-0000-4000-8000-000000000001';

-- name: organizers change what is not under way
-- as: authenticated ada@scenario.example
-- expect: value true
update public.marketing_campaigns set budget_cents = 7500
where id = '5ce90000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: others change nothing
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.marketing_campaigns set budget_cents = 0
where id = '5ce90000-0000-4000-8000-000000000001';

-- name: an organizer does not write the counters
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.marketing_campaigns set opened_count = 1000
where id = '5ce90000-0000-4000-8000-000000000001';

-- name: an organizer does not send past the server
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.marketing_campaigns set status = 'sending'
where id = '5ce90000-0000-4000-8000-000000000001';

-- name: counters move only while a campaign is under way
-- as: service_role
-- expect: error PT409
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', sent => 1);

-- name: the server starts sending to a hundred
-- as: service_role
-- expect: 1 affected
update public.marketing_campaigns set status = 'sending', recipient_count = 100
where id = '5ce90000-0000-4000-8000-000000000001';

-- name: one sender reports
-- as: service_role
-- expect: ok
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', sent => 60, delivered => 55);

-- name: and another one
-- as: service_role
-- expect: ok
select public.record_campaign_progress(
  '5ce90000-0000-4000-8000-000000000001', sent => 38, delivered => 30, opened => 20, clicked => 5, failed => 2
);

-- name: the counters add up
-- as: authenticated ada@scenario.example
-- expect: value [98, 85, 20, 5, 2]
select jsonb_build_array(sent_count, delivered_count, opened_count, clicked_count, failed_count)
from public.marketing_campaigns where id = '5ce90000-0000-4000-8000-000000000001';

-- name: nobody is written to twice
-- as: service_role
-- expect: error 23514
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', sent => 1);

-- name: counters only grow
-- as: service_role
-- expect: error 22023
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', opened => -1);

-- name: organizers report nothing themselves
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', opened => 1000);

-- name: visitors even less
-- as: anon
-- expect: error 42501
select public.record_campaign_progress('5ce90000-0000-4000-8000-000000000001', opened => 1000);

-- name: a campaign under way is out of the organizer's hands
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.marketing_campaigns set status = 'cancelled'
where id = '5ce90000-0000-4000-8000-000000000001';

-- name: it is not deleted either
-- as: authenticated ada@scenario.example
-- expect: 0 affected
delete from public.marketing_campaigns where id = '5ce90000-0000-4000-8000-000000000001';

-- name: a template in use stays
-- as: authenticated ada@scenario.example
-- expect: error 23503
delete from public.email_templates where id = '5ce80000-0000-4000-8000-000000000001';

-- WhatsApp -------------------------------------------------------------------------------------

-- name: Ada adds a WhatsApp message to her reminder
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.whatsapp_campaigns (id, campaign_id, event_id, template_name, language, parameters)
values (
  '5cea0000-0000-4000-8000-000000000001', '5ce90000-0000-4000-8000-000000000002',
  '5ce20000-0000-4000-8000-000000000001', 'event_reminder', 'pt_PT', '["guest", "event_title"]'
);

-- name: a message of an unknown campaign is refused
-- as: owner
-- expect: error 23503
insert into public.whatsapp_campaigns (campaign_id, event_id, template_name)
values ('5ce90000-0000-4000-8000-0000000000ff', '5ce20000-0000-4000-8000-000000000001', 'x');

-- name: a message is of the campaign's event, so that nobody hangs one on another's campaign
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.whatsapp_campaigns (campaign_id, event_id, template_name)
values (
  '5ce90000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000003', 'event_reminder'
);

-- name: nobody writes messages for another's event
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.whatsapp_campaigns (campaign_id, event_id, template_name)
values (
  '5ce90000-0000-4000-8000-000000000002', '5ce20000-0000-4000-8000-000000000001', 'event_reminder'
);

-- name: a template's name has WhatsApp's form
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.whatsapp_campaigns set template_name = 'Event Reminder!'
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: parameters are a list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.whatsapp_campaigns set parameters = '{"1": "guest"}'
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: organizers read their messages
-- as: authenticated ada@scenario.example
-- expect: 1 row
select id from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000001';

-- name: others read none of them
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000001';

-- name: visitors read no message
-- as: anon
-- expect: error 42501
select id from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000001';

-- name: the organizer schedules it
-- as: authenticated ada@scenario.example
-- expect: value true
update public.whatsapp_campaigns set status = 'scheduled', scheduled_at = now() + interval '2 days'
where id = '5cea0000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: others do not call it off
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.whatsapp_campaigns set status = 'cancelled'
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: a scheduled message has a time
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.whatsapp_campaigns set scheduled_at = null
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: nothing is counted before it is sent
-- as: service_role
-- expect: error PT409
select public.record_whatsapp_progress('5cea0000-0000-4000-8000-000000000001', sent => 1);

-- name: the server sends it to ten
-- as: service_role
-- expect: 1 affected
update public.whatsapp_campaigns set status = 'sending', recipient_count = 10
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: its sender reports
-- as: service_role
-- expect: ok
select public.record_whatsapp_progress(
  '5cea0000-0000-4000-8000-000000000001', sent => 9, delivered => 8, read => 5, replied => 1, failed => 1
);

-- name: its counters add up
-- as: authenticated ada@scenario.example
-- expect: value [9, 8, 5, 1, 1]
select jsonb_build_array(sent_count, delivered_count, read_count, replied_count, failed_count)
from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000001';

-- name: its counters only grow
-- as: service_role
-- expect: error 22023
select public.record_whatsapp_progress('5cea0000-0000-4000-8000-000000000001', sent => -1);

-- name: nobody gets it twice
-- as: service_role
-- expect: error 23514
select public.record_whatsapp_progress('5cea0000-0000-4000-8000-000000000001', sent => 1);

-- name: organizers do not count its messages
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.record_whatsapp_progress('5cea0000-0000-4000-8000-000000000001', read => 10);

-- name: one under way is out of the organizer's hands
-- as: authenticated ada@scenario.example
-- expect: 0 affected
delete from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000001';

-- name: Ada drafts a second message
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.whatsapp_campaigns (id, campaign_id, event_id, template_name)
values (
  '5cea0000-0000-4000-8000-000000000002', '5ce90000-0000-4000-8000-000000000002',
  '5ce20000-0000-4000-8000-000000000001', 'event_thanks'
);

-- name: others do not delete her draft
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000002';

-- name: she drafts a campaign with a message and drops it
-- as: owner
-- expect: ok
with campaign as (
  insert into public.marketing_campaigns (id, event_id, name, channel)
  values ('5ce90000-0000-4000-8000-000000000005', '5ce20000-0000-4000-8000-000000000001', 'Idea', 'whatsapp')
  returning id, event_id
)
insert into public.whatsapp_campaigns (id, campaign_id, event_id, template_name)
select '5cea0000-0000-4000-8000-000000000003', c.id, c.event_id, 'idea' from campaign as c;

-- name: deleting the draft is hers to do
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.marketing_campaigns where id = '5ce90000-0000-4000-8000-000000000005';

-- name: its messages went with it
-- as: owner
-- expect: 0 rows
select id from public.whatsapp_campaigns where id = '5cea0000-0000-4000-8000-000000000003';

-- name: Ada writes a template that she does not need
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.email_templates (id, owner_id, name, subject, body_html)
values (
  '5ce80000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001', 'Spare', 'x', 'x'
);

-- name: and deletes it
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.email_templates where id = '5ce80000-0000-4000-8000-000000000002';

-- name: Eve has an old template
-- as: owner
-- expect: value true
with old as (
  insert into public.email_templates (id, owner_id, name, subject, body_html, updated_at)
  values (
    '5ce80000-0000-4000-8000-000000000004', '5ce00000-0000-4000-8000-000000000003', 'Old', 'x', 'x',
    '2025-01-01 00:00:00+00'
  )
  returning updated_at
)
select updated_at < now() from old;

-- name: as its owner changes it
-- as: authenticated eve@scenario.example
-- expect: value true
update public.email_templates set subject = 'y'
where id = '5ce80000-0000-4000-8000-000000000004' returning updated_at = now();

-- name: which does not keep it from being deleted
-- as: authenticated eve@scenario.example
-- expect: 1 affected
delete from public.email_templates where id = '5ce80000-0000-4000-8000-000000000004';

-- name: an organizer does not call off a message under way
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.whatsapp_campaigns set status = 'cancelled'
where id = '5cea0000-0000-4000-8000-000000000001';

-- name: nor sends one past the server
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.whatsapp_campaigns set status = 'sent', scheduled_at = now()
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: Gil signs up
-- as: owner
-- expect: 1 affected
insert into auth.users (id, email)
values ('5ce00000-0000-4000-8000-000000000005', 'gil@scenario.example');

-- name: and writes a template
-- as: authenticated gil@scenario.example
-- expect: 1 affected
insert into public.email_templates (id, owner_id, name, subject, body_html)
values (
  '5ce80000-0000-4000-8000-000000000005', '5ce00000-0000-4000-8000-000000000005', 'Mine', 'x', 'x'
);

-- name: Gil closes his account
-- as: owner
-- expect: 1 affected
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000005';

-- name: his templates went with it
-- as: owner
-- expect: 0 rows
select id from public.email_templates where id = '5ce80000-0000-4000-8000-000000000005';

-- name: Ada has an idea for another event, with a campaign
-- as: owner
-- expect: 1 affected
with event as (
  insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
  values (
    '5ce20000-0000-4000-8000-000000000004', '5ce00000-0000-4000-8000-000000000001', 'Idea',
    now() + interval '1 day', now() + interval '2 days', 10
  )
  returning id
)
insert into public.marketing_campaigns (id, event_id, name, channel)
select '5ce90000-0000-4000-8000-000000000006', e.id, 'Idea', 'social' from event as e;

-- name: she deletes the event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000004';

-- name: and its campaign went with it
-- as: owner
-- expect: 0 rows
select id from public.marketing_campaigns where id = '5ce90000-0000-4000-8000-000000000006';

-- Plans ----------------------------------------------------------------------------------------

-- name: Eve has three hundred more events
-- as: owner
-- expect: 300 affected
insert into public.events (organizer_id, title, start_at, end_at, capacity)
select
  '5ce00000-0000-4000-8000-000000000003', 'Crowd ' || n, now() + interval '30 days',
  now() + interval '31 days', 10
from generate_series(1, 300) as n;

-- name: and plans ten campaigns for each
-- as: owner
-- expect: 3000 affected
insert into public.marketing_campaigns (event_id, name, channel, audience)
select e.id, 'crowd ' || n, 'social', jsonb_build_object('city', 'Town ' || (n * 300 + e.nth) % 600)
from (
  select id, row_number() over (order by title) as nth
  from public.events
  where organizer_id = '5ce00000-0000-4000-8000-000000000003' and title like 'Crowd %'
) as e
cross join generate_series(1, 10) as n;

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.marketing_campaigns;

-- name: an audience is searched through its GIN index
-- as: owner
-- expect: index marketing_campaigns_audience_idx
select id from public.marketing_campaigns where audience @> '{"city": "Town 7"}';

-- name: which finds the five of them
-- as: authenticated eve@scenario.example
-- expect: 5 rows
select id from public.marketing_campaigns where audience @> '{"city": "Town 7"}';

-- name: the policy finds an organizer's campaigns by index
-- as: authenticated bob@scenario.example
-- expect: index marketing_campaigns_event_id_idx
select id from public.marketing_campaigns;

-- name: the crowd of events leaves, and its campaigns with it
-- as: owner
-- expect: 300 affected
delete from public.events
where organizer_id = '5ce00000-0000-4000-8000-000000000003' and title like 'Crowd %';

-- name: sequential scans are priced out, for the few rows that are here
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: templates that use a variable are found by its GIN index
-- as: owner
-- expect: index email_templates_variables_idx
select id from public.email_templates where variables @> '{guest}';

-- name: what is due is found by index
-- as: owner
-- expect: index whatsapp_campaigns_due_idx
select id from public.whatsapp_campaigns
where status = 'scheduled' and scheduled_at <= now() order by scheduled_at;

-- name: the campaigns that send a template are found by index
-- as: owner
-- expect: index marketing_campaigns_email_template_id_idx
select id from public.marketing_campaigns
where email_template_id = '5ce80000-0000-4000-8000-000000000001';

-- name: campaigns that are due are found by index
-- as: owner
-- expect: index marketing_campaigns_due_idx
select id from public.marketing_campaigns
where status = 'scheduled' and scheduled_at <= now() order by scheduled_at;

-- name: a campaign's messages are found by index
-- as: owner
-- expect: index whatsapp_campaigns_campaign_id_event_id_idx
select id from public.whatsapp_campaigns where campaign_id = '5ce90000-0000-4000-8000-000000000002';

-- name: an event's messages are found by index
-- as: owner
-- expect: index whatsapp_campaigns_event_id_idx
select id from public.whatsapp_campaigns where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Values that checks refuse -------------------------------------------------------------------

-- name: a template has a name
-- as: owner
-- expect: error 23514
update public.email_templates set name = '' where id = '5ce80000-0000-4000-8000-000000000001';

-- name: a template has a body
-- as: owner
-- expect: error 23514
update public.email_templates set body_html = '' where id = '5ce80000-0000-4000-8000-000000000001';

-- name: a campaign has a name
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set name = '' where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a budget is not negative
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set budget_cents = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a budget's currency is three capital letters
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set currency = 'eur'
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a campaign has a known status
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set status = 'lost', scheduled_at = now()
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: recipients are counted from zero
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set recipient_count = -1, sent_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: what was sent is counted from zero
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set sent_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: what was delivered too
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set delivered_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: and opened
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set opened_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: and clicked
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set clicked_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: and failed
-- as: owner
-- expect: error 23514
update public.marketing_campaigns set failed_count = -1
where id = '5ce90000-0000-4000-8000-000000000002';

-- name: a message has a language
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set language = 'portuguese'
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: a message has a known status
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set status = 'lost', scheduled_at = now()
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: its recipients are counted from zero
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set recipient_count = -1, sent_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: what was sent of it too
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set sent_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: what was delivered of it
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set delivered_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: what was read of it
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set read_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: what was answered
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set replied_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: what failed of it
-- as: owner
-- expect: error 23514
update public.whatsapp_campaigns set failed_count = -1
where id = '5cea0000-0000-4000-8000-000000000002';

-- name: nobody backdates the last change of a template: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.email_templates set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce80000-0000-4000-8000-000000000001' returning updated_at = now();

-- name: nobody backdates the last change of a campaign: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.marketing_campaigns set updated_at = '2025-01-01 00:00:00+00'
where id = '5ce90000-0000-4000-8000-000000000002' returning updated_at = now();

-- name: nobody backdates the last change of a message: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.whatsapp_campaigns set updated_at = '2025-01-01 00:00:00+00'
where id = '5cea0000-0000-4000-8000-000000000002' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value marketing_campaigns: email_template_id, scheduled_at; whatsapp_campaigns: scheduled_at
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.email_templates'::regclass,
    'public.marketing_campaigns'::regclass,
    'public.whatsapp_campaigns'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and not a.attnotnull
  group by c.relname
) as t;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value email_templates: id, owner_id, name, subject, body_html, variables; marketing_campaigns: id, event_id, email_template_id, name, channel, audience, budget_cents, currency, status, scheduled_at; whatsapp_campaigns: id, campaign_id, event_id, template_name, language, parameters, status, scheduled_at
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.email_templates'::regclass,
    'public.marketing_campaigns'::regclass,
    'public.whatsapp_campaigns'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert')
  group by c.relname
) as t;

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value email_templates: name, subject, body_html, variables; marketing_campaigns: email_template_id, name, audience, budget_cents, currency, status, scheduled_at; whatsapp_campaigns: template_name, language, parameters, status, scheduled_at
select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname)
from (
  select c.relname, string_agg(a.attname, ', ' order by a.attnum) as columns
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  where c.oid in (
    'public.email_templates'::regclass,
    'public.marketing_campaigns'::regclass,
    'public.whatsapp_campaigns'::regclass
  )
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')
  group by c.relname
) as t;

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value email_templates delete authenticated; email_templates insert authenticated; email_templates select authenticated; email_templates update authenticated; marketing_campaigns delete authenticated; marketing_campaigns insert authenticated; marketing_campaigns select authenticated; marketing_campaigns update authenticated; whatsapp_campaigns delete authenticated; whatsapp_campaigns insert authenticated; whatsapp_campaigns select authenticated; whatsapp_campaigns update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('email_templates', 'marketing_campaigns', 'whatsapp_campaigns');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.fill_template: authenticated service_role; private.template_variables: authenticated service_role; public.record_campaign_progress: service_role; public.record_whatsapp_progress: service_role; public.render_email_template: authenticated service_role
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
  'private.template_variables',
  'private.fill_template',
  'public.render_email_template',
  'public.record_campaign_progress',
  'public.record_whatsapp_progress'
);

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.email_templates', 'public.marketing_campaigns', 'public.whatsapp_campaigns'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- access: public.email_templates
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  1/2     1/2     1/2     1/2
--   authenticated bob@scenario.example  none    none    none    none
--   authenticated eve@scenario.example  1/2     1/2     1/2     1/2
--   service_role                        all     all     all     all

-- access: public.marketing_campaigns
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  3/4     2/4     2/4     2/4
--   authenticated bob@scenario.example  none    none    none    none
--   authenticated eve@scenario.example  1/4     1/4     1/4     1/4
--   service_role                        all     all     all     all

-- access: public.whatsapp_campaigns
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  all     1/2     1/2     1/2
--   authenticated bob@scenario.example  none    none    none    none
--   authenticated eve@scenario.example  none    none    none    none
--   service_role                        all     all     all     all
