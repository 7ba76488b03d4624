-- Scenario of sponsorships_deliverables. Self-contained: it makes its own people, events and
-- sponsors, asks for rows by key only, and is rolled back as a whole.

-- name: two organizers sign up and get their profiles
-- as: owner
-- expect: 2 affected
insert into auth.users (id, email)
values
  ('5ce00000-0000-4000-8000-00000000000a', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-00000000000e', 'eve@scenario.example');

-- name: each plans an event; Eve's is there for all to see
-- as: owner
-- expect: 2 affected
insert into public.events (id, organizer_id, title, status, start_at, end_at, timezone, capacity)
values
  ('5ce00000-0000-4000-8000-0000000000e1', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Fair', 'draft', '2031-06-10 09:00+00', '2031-06-10 18:00+00', 'UTC', 500),
  ('5ce00000-0000-4000-8000-0000000000e2', '5ce00000-0000-4000-8000-00000000000e',
   'Scenario Gala', 'published', '2031-07-01 18:00+00', '2031-07-01 23:00+00', 'UTC', 100);

-- name: each has a sponsor, Ada a second one
-- as: owner
-- expect: 3 affected
insert into public.sponsors (id, owner_id, company_name)
values
  ('5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Robotics'),
  ('5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Lemonade'),
  ('5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-00000000000e',
   'Scenario Jewels');

-- name: Ada has an accepted proposal and a draft
-- as: owner
-- expect: 2 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents, benefits)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1',
   'Gold at the Fair', 'gold', 250000,
   '[{"title": "Logo on the stage", "kind": "logo", "days_before_event": 7},
     {"title": "Booth", "kind": "booth"}]'),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1',
   'Drinks at the Fair', 'in_kind', 0, '[]');

-- name: the first proposal is sent
-- as: owner
-- expect: 1 affected
update public.sponsor_proposals set status = 'sent'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the first proposal is accepted
-- as: owner
-- expect: 1 affected
update public.sponsor_proposals set status = 'accepted'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- sponsorships -----------------------------------------------------------------------------------

-- name: an organizer records a sponsorship from the accepted proposal
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsorships
  (id, owner_id, sponsor_id, event_id, proposal_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1',
  '5ce00000-0000-4000-8000-0000000000b1', 'gold', 250000
);

-- name: the other organizer records a direct deal, confirmed at once
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsorships
  (id, owner_id, sponsor_id, event_id, tier, amount_cents, status)
values (
  '5ce00000-0000-4000-8000-0000000000c2', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-0000000000e2', 'title', 900000,
  'confirmed'
);

-- name: a confirmation is stamped, and only then
-- as: owner
-- expect: 1 row
select id from public.sponsorships
where id in ('5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-0000000000c2')
  and confirmed_at = now();

-- name: a proposal that was not accepted gives no sponsorship
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsorships (owner_id, sponsor_id, event_id, proposal_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000052',
  '5ce00000-0000-4000-8000-0000000000e1', '5ce00000-0000-4000-8000-0000000000b2', 'in_kind', 0
);

-- name: a proposal to one sponsor gives no sponsorship of another
-- as: authenticated ada@scenario.example
-- expect: error 23503
insert into public.sponsorships (owner_id, sponsor_id, event_id, proposal_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000052',
  '5ce00000-0000-4000-8000-0000000000e1', '5ce00000-0000-4000-8000-0000000000b1', 'gold', 250000
);

-- name: a sponsor has one live sponsorship per event
-- as: authenticated ada@scenario.example
-- expect: error 23505
insert into public.sponsorships (owner_id, sponsor_id, event_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e1', 'silver', 1
);

-- name: not even the server ties a sponsorship of one tenant to a sponsor of another
-- as: service_role
-- expect: error 23503
insert into public.sponsorships (owner_id, sponsor_id, event_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e1', 'silver', 1
);

-- name: a sponsorship is at an event of the same organizer
-- as: service_role
-- expect: error 23503
insert into public.sponsorships (owner_id, sponsor_id, event_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000052',
  '5ce00000-0000-4000-8000-0000000000e2', 'silver', 1
);

-- name: an organizer reads her own sponsorships
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000c1
select id from public.sponsorships
where id in ('5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-0000000000c2');

-- name: a visitor may not read sponsorships
-- as: anon
-- expect: error 42501
select id from public.sponsorships limit 1;

-- name: nobody records a sponsorship in another's name
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.sponsorships (owner_id, sponsor_id, event_id, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e2', 'silver', 1
);

-- name: nobody changes another's sponsorship
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.sponsorships set amount_cents = 1 where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: nobody hands a sponsorship over
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.sponsorships
set
  owner_id = '5ce00000-0000-4000-8000-00000000000e',
  sponsor_id = '5ce00000-0000-4000-8000-000000000053',
  event_id = '5ce00000-0000-4000-8000-0000000000e2',
  proposal_id = null
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: what was confirmed is not deleted by its organizer
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: a sponsorship starts as pending or confirmed
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsorships (owner_id, sponsor_id, event_id, tier, amount_cents, status)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000052',
  '5ce00000-0000-4000-8000-0000000000e1', 'silver', 1, 'fulfilled'
);

-- name: a pending sponsorship cannot be fulfilled
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set status = 'fulfilled'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a sponsorship without deliverables cannot be fulfilled
-- as: authenticated eve@scenario.example
-- expect: error 23514
update public.sponsorships set status = 'fulfilled'
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: nobody pays more than agreed
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set paid_cents = 250001
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: only payment in kind is free
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set amount_cents = 0
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a tier is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set tier = 'diamond'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a status is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set status = 'won'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a currency is three capital letters
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set currency = '€'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a pending sponsorship of long ago
-- as: owner
-- expect: 1 affected
insert into public.sponsorships
  (id, owner_id, sponsor_id, event_id, tier, amount_cents, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000c4', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1', 'silver', 1000,
  '2025-01-01'
);

-- name: updated_at of a sponsorship follows a change
-- as: authenticated ada@scenario.example
-- expect: value true
update public.sponsorships set paid_cents = 500
where id = '5ce00000-0000-4000-8000-0000000000c4'
returning updated_at = now();

-- name: what was never confirmed can be deleted, but not by somebody else
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c4';

-- name: what was never confirmed can be deleted
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c4';

-- sponsor_deliverables, and the sponsorship that follows them ------------------------------------

-- name: an organizer owes two things
-- as: authenticated ada@scenario.example
-- expect: 2 affected
insert into public.sponsor_deliverables
  (id, owner_id, sponsorship_id, title, kind, due_date, updated_at)
values
  ('5ce00000-0000-4000-8000-0000000000d1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000c1', 'Logo on the stage', 'logo', '2031-06-03', '2025-01-01'),
  ('5ce00000-0000-4000-8000-0000000000d2', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000c1', 'Booth', 'booth', '2031-06-10', '2025-01-01');

-- name: the other organizer owes one
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsor_deliverables (id, owner_id, sponsorship_id, title, due_date)
values (
  '5ce00000-0000-4000-8000-0000000000d3', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-0000000000c2', 'A toast', '2031-07-01'
);

-- name: an organizer reads her own deliverables
-- as: authenticated ada@scenario.example
-- expect: 2 rows
select id from public.sponsor_deliverables
where id in (
  '5ce00000-0000-4000-8000-0000000000d1', '5ce00000-0000-4000-8000-0000000000d2',
  '5ce00000-0000-4000-8000-0000000000d3'
);

-- name: another organizer does not see them
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.sponsor_deliverables
where sponsorship_id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a visitor may not read deliverables
-- as: anon
-- expect: error 42501
select id from public.sponsor_deliverables limit 1;

-- name: nobody adds deliverables in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.sponsor_deliverables (owner_id, sponsorship_id, title, due_date)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000c1', 'A pony',
  '2031-06-10'
);

-- name: nobody adds deliverables to another's sponsorship
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.sponsor_deliverables (owner_id, sponsorship_id, title, due_date)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000c1', 'A pony',
  '2031-06-10'
);

-- name: nobody completes another's deliverable
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.sponsor_deliverables set status = 'completed'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: nobody deletes another's deliverable
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsor_deliverables where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a deliverable has a title
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_deliverables set title = ''
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a kind is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_deliverables set kind = 'pony'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: the organizer or the sponsor has to act
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_deliverables set responsible = 'nobody'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a status of a deliverable is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_deliverables set status = 'late'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: evidence is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_deliverables set evidence = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a deliverable has a due date
-- as: authenticated ada@scenario.example
-- expect: error 23502
update public.sponsor_deliverables set due_date = null
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: the deal is confirmed
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsorships set status = 'confirmed'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: the first of two deliverables is completed, and stamped
-- as: authenticated ada@scenario.example
-- expect: value true
update public.sponsor_deliverables set status = 'completed', evidence = '{"photo": "stage.jpg"}'
where id = '5ce00000-0000-4000-8000-0000000000d1'
returning completed_at = now() and updated_at = now();

-- name: with one of two outstanding the sponsorship stays confirmed
-- as: authenticated ada@scenario.example
-- expect: value confirmed
select status from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: not even the server calls it fulfilled before it is
-- as: service_role
-- expect: error 23514
update public.sponsorships set status = 'fulfilled'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: the second is waived
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_deliverables set status = 'waived'
where id = '5ce00000-0000-4000-8000-0000000000d2';

-- name: with the last deliverable done the sponsorship is fulfilled
-- as: authenticated ada@scenario.example
-- expect: value fulfilled
select status from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: nobody takes fulfilment back while everything is done
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsorships set status = 'confirmed'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: the second is reopened
-- as: authenticated ada@scenario.example
-- expect: value true
update public.sponsor_deliverables set status = 'in_progress'
where id = '5ce00000-0000-4000-8000-0000000000d2'
returning completed_at is null;

-- name: the sponsorship is no longer fulfilled
-- as: authenticated ada@scenario.example
-- expect: value confirmed
select status from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: the outstanding deliverable is dropped from the deal
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsor_deliverables where id = '5ce00000-0000-4000-8000-0000000000d2';

-- name: what is left is done, so the sponsorship is fulfilled
-- as: authenticated ada@scenario.example
-- expect: value fulfilled
select status from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: one more deliverable is promised
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsor_deliverables (id, owner_id, sponsorship_id, title, due_date)
values (
  '5ce00000-0000-4000-8000-0000000000d4', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-0000000000c1', 'Thanks in the newsletter', '2031-06-20'
);

-- name: the sponsorship is confirmed, not fulfilled, again
-- as: authenticated ada@scenario.example
-- expect: value confirmed
select status from public.sponsorships where id = '5ce00000-0000-4000-8000-0000000000c1';

-- public.convert_sponsor_proposal ----------------------------------------------------------------

-- name: an accepted proposal gives one sponsorship only
-- as: authenticated ada@scenario.example
-- expect: error 23505
select public.convert_sponsor_proposal('5ce00000-0000-4000-8000-0000000000b1');

-- name: a draft cannot be converted
-- as: authenticated ada@scenario.example
-- expect: error 23514
select public.convert_sponsor_proposal('5ce00000-0000-4000-8000-0000000000b2');

-- name: another's proposal cannot be converted
-- as: authenticated eve@scenario.example
-- expect: error P0002
select public.convert_sponsor_proposal('5ce00000-0000-4000-8000-0000000000b1');

-- name: a visitor cannot convert anything
-- as: anon
-- expect: error 42501
select public.convert_sponsor_proposal('5ce00000-0000-4000-8000-0000000000b1');

-- Indexes: enough rows that the planner chooses them by itself -----------------------------------

-- name: some hundreds of deliverables
-- as: owner
-- expect: 500 affected
insert into public.sponsor_deliverables
  (owner_id, sponsorship_id, title, due_date, status, evidence)
select
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000c2',
  'Scenario generated ' || repeat('x', 180), date '2031-01-01' + g,
  case when g % 50 = 0 then 'pending' else 'waived' end,
  jsonb_build_object('number', g, 'text', repeat('evidence ', 60))
from generate_series(1, 500) as g;

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.sponsor_deliverables;

-- name: evidence is found through its GIN index
-- as: service_role
-- expect: index sponsor_deliverables_evidence_idx
select id from public.sponsor_deliverables where evidence @> '{"number": 77}';

-- name: what is due is found through the index on open deliverables
-- as: service_role
-- expect: index sponsor_deliverables_open_due_date_idx
select id from public.sponsor_deliverables
where status in ('pending', 'in_progress') and due_date < '2031-03-01';

-- name: the generated deliverables go again
-- as: owner
-- expect: 500 affected
delete from public.sponsor_deliverables
where sponsorship_id = '5ce00000-0000-4000-8000-0000000000c2'
  and title like 'Scenario generated %';

-- From prospect to fulfilled, as one organizer would go through it -------------------------------

-- name: workflow: a prospect is found
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsors (id, owner_id, company_name)
values (
  '5ce00000-0000-4000-8000-000000000059', '5ce00000-0000-4000-8000-00000000000a',
  'Scenario Workflow'
);

-- name: workflow: a proposal is drafted
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents, benefits)
values (
  '5ce00000-0000-4000-8000-0000000000b9', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000059', '5ce00000-0000-4000-8000-0000000000e1',
  'Silver at the Fair', 'silver', 90000,
  '[{"title": "Logo on the site", "kind": "logo", "days_before_event": 30},
    {"title": "Twenty tickets", "kind": "tickets"}]'
);

-- name: workflow: it is sent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'sent'
where id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: it is accepted
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'accepted'
where id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: it becomes a sponsorship
-- as: authenticated ada@scenario.example
-- expect: 1 row
select public.convert_sponsor_proposal('5ce00000-0000-4000-8000-0000000000b9');

-- name: workflow: the sponsorship has the terms of the proposal, and the prospect is a sponsor now
-- as: authenticated ada@scenario.example
-- expect: value silver 90000 confirmed active
select concat_ws(' ', p.tier, p.amount_cents, p.status, s.status)
from public.sponsorships as p
join public.sponsors as s on s.id = p.sponsor_id
where p.proposal_id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: each benefit is a deliverable, due before the event
-- as: authenticated ada@scenario.example
-- expect: value Logo on the site 2031-05-11, Twenty tickets 2031-06-10
select string_agg(concat_ws(' ', d.title, d.due_date), ', ' order by d.due_date)
from public.sponsor_deliverables as d
join public.sponsorships as p on p.id = d.sponsorship_id
where p.proposal_id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: everything is delivered
-- as: authenticated ada@scenario.example
-- expect: 2 affected
update public.sponsor_deliverables as d set status = 'completed'
from public.sponsorships as p
where p.id = d.sponsorship_id and p.proposal_id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: the sponsorship is fulfilled
-- as: authenticated ada@scenario.example
-- expect: value fulfilled
select status from public.sponsorships
where proposal_id = '5ce00000-0000-4000-8000-0000000000b9';

-- name: workflow: the log tells the way there
-- as: authenticated ada@scenario.example
-- expect: value sent,accepted
select string_agg(details ->> 'to', ',' order by details ->> 'to' desc)
from public.sponsor_activities
where sponsor_id = '5ce00000-0000-4000-8000-000000000059';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: rows of sponsorships are looked up by owner_id, sponsor_id, through their index
-- as: service_role
-- expect: index sponsorships_owner_id_sponsor_id_event_id_proposal_id_idx
select event_id from public.sponsorships
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: rows of sponsorships are looked up by event_id, through their index
-- as: service_role
-- expect: index sponsorships_event_id_idx
select id from public.sponsorships
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of sponsor_deliverables are looked up by owner_id, sponsorship_id, through their index
-- as: service_role
-- expect: index sponsor_deliverables_owner_id_sponsorship_id_idx
select id from public.sponsor_deliverables
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsorship_id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Confirmed ones are not deleted by users; a copy of the fulfilled one is refused by the state
-- machine, even to the server.
-- access: public.sponsorships
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     1/3     2/3     none
--   authenticated eve@scenario.example  1/3     1/3     1/3     none
--   service_role                        all     2/3     all     all

-- access: public.sponsor_deliverables
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  4/5     4/5     4/5     4/5
--   authenticated eve@scenario.example  1/5     1/5     1/5     1/5
--   service_role                        all     all     all     all
