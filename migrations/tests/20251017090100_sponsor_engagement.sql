-- Scenario of sponsor_engagement. Self-contained: it makes its own people, events and sponsors,
-- asks for rows by key only, and is rolled back as a whole.

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

-- sponsor_activities -----------------------------------------------------------------------------

-- name: an organizer logs a call about her event, in her own name
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsor_activities (id, owner_id, sponsor_id, event_id, kind, subject, details)
values (
  '5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1',
  'call', 'They want a booth', '{"wants": "booth"}'
);

-- name: the other organizer logs a note
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsor_activities (id, owner_id, sponsor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-0000000000a2', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-000000000053', 'note', 'Likes gold'
);

-- name: the caller is noted as the actor
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-00000000000a
select actor_id from public.sponsor_activities
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: nobody logs in another's name
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.sponsor_activities (owner_id, sponsor_id, actor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-00000000000e', 'note', 'It was her'
);

-- name: nobody logs about another's sponsor
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051', 'note', 'Mine'
);

-- name: not even the server ties an activity of one tenant to a sponsor of another
-- as: service_role
-- expect: error 23503
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-000000000051', 'note', 'Crossed'
);

-- name: an activity's event belongs to the same organizer
-- as: authenticated ada@scenario.example
-- expect: error 23503
insert into public.sponsor_activities (owner_id, sponsor_id, event_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e2', 'note', 'At another''s event'
);

-- name: an activity's event exists
-- as: service_role
-- expect: error 23503
insert into public.sponsor_activities (owner_id, sponsor_id, event_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000ff', 'note', 'At no event'
);

-- name: an activity's actor exists
-- as: service_role
-- expect: error 23503
insert into public.sponsor_activities (owner_id, sponsor_id, actor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000ff', 'note', 'By nobody'
);

-- name: an organizer reads her own log
-- as: authenticated ada@scenario.example
-- expect: 1 row
select id from public.sponsor_activities
where id in ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000a2');

-- name: another organizer does not see it
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.sponsor_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a visitor may not read the log
-- as: anon
-- expect: error 42501
select id from public.sponsor_activities limit 1;

-- name: the log cannot be rewritten by its author
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.sponsor_activities set subject = 'They want nothing'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the log cannot be shortened by its author
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.sponsor_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the log cannot be rewritten by the server
-- as: service_role
-- expect: error 42501
update public.sponsor_activities set subject = 'They want nothing'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the server can erase, as privacy may demand
-- as: service_role
-- expect: 0 affected
delete from public.sponsor_activities where id = '5ce00000-0000-4000-8000-0000000000ff';

-- name: a kind of activity is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051', 'bribe', 'Gold'
);

-- name: an activity says what it was
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051', 'note', ' '
);

-- name: the details of an activity are an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject, details)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051', 'note', 'List',
  '[1]'
);

-- A restricted delete is 23001 from PostgreSQL 18 on and 23503 before: both will do.
-- name: a sponsor with a log cannot be deleted, and the log with it
-- as: authenticated ada@scenario.example
-- expect: ok
do $$
begin
  delete from public.sponsors where id = '5ce00000-0000-4000-8000-000000000051';
  raise exception 'the sponsor was deleted';
exception
  when restrict_violation or foreign_key_violation then null;
end;
$$;

-- sponsor_proposals ------------------------------------------------------------------------------

-- name: an organizer drafts three proposals
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents, benefits)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1',
   'Gold at the Fair', 'gold', 250000,
   '[{"title": "Logo on the stage", "kind": "logo", "days_before_event": 7}]'),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1',
   'Drinks at the Fair', 'in_kind', 0, '[]'),
  ('5ce00000-0000-4000-8000-0000000000b4', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1',
   'A mistake', 'bronze', 100, '[]');

-- name: the other organizer drafts one
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-0000000000e2',
  'Title of the Gala', 'title', 900000
);

-- name: an organizer reads her own proposals
-- as: authenticated ada@scenario.example
-- expect: 2 rows
select id from public.sponsor_proposals
where id in (
  '5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b2',
  '5ce00000-0000-4000-8000-0000000000b3'
);

-- name: another organizer does not see them
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.sponsor_proposals where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a visitor may not read proposals
-- as: anon
-- expect: error 42501
select id from public.sponsor_proposals limit 1;

-- Eve's event is published, so Ada can see it: only the policy stands between them here.
-- name: nobody drafts in another's name
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.sponsor_proposals (owner_id, sponsor_id, event_id, title, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e2', 'Not mine', 'gold', 1
);

-- name: a proposal is for an event of the same organizer
-- as: authenticated ada@scenario.example
-- expect: error 23503
insert into public.sponsor_proposals (owner_id, sponsor_id, event_id, title, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e2', 'At another''s event', 'gold', 1
);

-- name: a proposal is to a sponsor of the same organizer
-- as: service_role
-- expect: error 23503
insert into public.sponsor_proposals (owner_id, sponsor_id, event_id, title, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e1', 'To another''s sponsor', 'gold', 1
);

-- name: a proposal starts as a draft
-- as: authenticated ada@scenario.example
-- expect: error 23514
insert into public.sponsor_proposals
  (owner_id, sponsor_id, event_id, title, tier, amount_cents, status)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e1', 'Done deal', 'gold', 1, 'accepted'
);

-- name: a draft cannot be accepted before it was sent
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set status = 'accepted'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: nobody sends another's proposal
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.sponsor_proposals set status = 'sent'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: nobody hands a proposal over
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.sponsor_proposals
set
  owner_id = '5ce00000-0000-4000-8000-00000000000e',
  event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the organizer sends it
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'sent'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: sending is stamped, and logged with the organizer as the actor
-- as: authenticated ada@scenario.example
-- expect: value true
select
  p.sent_at = now()
  and p.decided_at is null
  and a.actor_id = p.owner_id
  and a.details @> '{"from": "draft", "to": "sent"}'
from public.sponsor_proposals as p
join public.sponsor_activities as a
  on a.sponsor_id = p.sponsor_id and a.details ->> 'proposal_id' = p.id::text
where p.id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the terms of a sent proposal cannot change
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set amount_cents = 1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a sent proposal cannot be deleted by its author
-- as: authenticated ada@scenario.example
-- expect: 0 affected
delete from public.sponsor_proposals where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a draft can be deleted, but not by somebody else
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsor_proposals where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: a draft can be deleted by its author
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsor_proposals where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the sponsor wants to talk
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'negotiating'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: terms can change while negotiating, and the new ones are sent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set amount_cents = 200000, status = 'sent'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the sponsor accepts
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'accepted'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a decision is stamped
-- as: authenticated ada@scenario.example
-- expect: value true
select decided_at = now() and amount_cents = 200000
from public.sponsor_proposals where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a decision is final
-- as: service_role
-- expect: error 23514
update public.sponsor_proposals set status = 'withdrawn'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: every move of the proposal is in the log
-- as: authenticated ada@scenario.example
-- expect: value sent,negotiating,sent,accepted
select string_agg(details ->> 'to', ',' order by array_position(
  array['draft>sent', 'sent>negotiating', 'negotiating>sent', 'sent>accepted'],
  (details ->> 'from') || '>' || (details ->> 'to')
))
from public.sponsor_activities
where sponsor_id = '5ce00000-0000-4000-8000-000000000051'
  and details ->> 'proposal_id' = '5ce00000-0000-4000-8000-0000000000b1';

-- name: only payment in kind is free
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set tier = 'gold'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a proposal has a title
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set title = ''
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a tier is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set tier = 'diamond', amount_cents = 5
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a status is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set status = 'lost'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a currency is three capital letters
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set currency = 'EURO'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: benefits are things that can become deliverables
-- as: owner
-- expect: value f,f,f,f,t
select concat_ws(
  ',',
  private.proposal_benefits_valid('{}'),
  private.proposal_benefits_valid('["logo"]'),
  private.proposal_benefits_valid('[{"title": "Logo", "kind": "tattoo"}]'),
  private.proposal_benefits_valid('[{"title": "Logo", "kind": "logo", "days_before_event": "1"}]'),
  private.proposal_benefits_valid('[{"title": "Logo", "kind": "logo", "days_before_event": -3}]')
);

-- name: a proposal with other benefits is refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_proposals set benefits = '[{"title": "Logo"}]'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a proposal last changed long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000b5', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1',
  'Old', 'bronze', 1, '2025-01-01'
);

-- name: updated_at follows a change
-- as: authenticated ada@scenario.example
-- expect: value true
update public.sponsor_proposals set message = 'Dear sponsor'
where id = '5ce00000-0000-4000-8000-0000000000b5'
returning updated_at = now();

-- sponsor_lead_scores ----------------------------------------------------------------------------

-- name: a sponsor is scored for an event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsor_lead_scores (id, owner_id, sponsor_id, event_id, score, factors)
values (
  '5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1', 40,
  '{"budget": 40}'
);

-- name: the agent scores it again
-- as: service_role
-- expect: 1 affected
insert into public.sponsor_lead_scores
  (id, owner_id, sponsor_id, event_id, score, factors, scored_by)
values (
  '5ce00000-0000-4000-8000-0000000000c2', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1', 85,
  '{"budget": 40, "audience": 45}', 'agent'
);

-- name: the other organizer scores hers
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsor_lead_scores (id, owner_id, sponsor_id, event_id, score)
values (
  '5ce00000-0000-4000-8000-0000000000c3', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-0000000000e2', 99
);

-- name: the newer score is current, the older one is kept
-- as: authenticated ada@scenario.example
-- expect: value 40 f, 85 t
select string_agg(concat_ws(' ', score, is_current), ', ' order by score)
from public.sponsor_lead_scores where sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: two scores of one sponsor and event cannot both be current
-- as: authenticated ada@scenario.example
-- expect: error 23505
update public.sponsor_lead_scores set is_current = true
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: another organizer does not see the scores
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.sponsor_lead_scores
where sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: a visitor may not read scores
-- as: anon
-- expect: error 42501
select id from public.sponsor_lead_scores limit 1;

-- name: nobody scores in another's name
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.sponsor_lead_scores (owner_id, sponsor_id, event_id, score)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e1', 0
);

-- name: nobody scores in another's name at an event that both can see
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.sponsor_lead_scores (owner_id, sponsor_id, event_id, score, is_current)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e2', 0, false
);

-- name: nobody corrects another's score
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.sponsor_lead_scores set score = 0
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: an organizer corrects her score
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_lead_scores set score = 86
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: nobody deletes another's score
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsor_lead_scores where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: an organizer deletes an old score
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsor_lead_scores where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a score is of a sponsor of the same organizer
-- as: service_role
-- expect: error 23503
insert into public.sponsor_lead_scores (owner_id, sponsor_id, event_id, score)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000053',
  '5ce00000-0000-4000-8000-0000000000e1', 10
);

-- name: a score is at most one hundred
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_lead_scores set score = 101
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: the factors of a score are an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_lead_scores set factors = '3'
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: a score says who made it
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsor_lead_scores set scored_by = 'dice'
where id = '5ce00000-0000-4000-8000-0000000000c2';

-- name: a score of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.sponsor_lead_scores
  (id, owner_id, sponsor_id, event_id, score, is_current, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000c4', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-0000000000e1', 5, false,
  '2025-01-01'
);

-- name: updated_at of a score follows a change
-- as: authenticated ada@scenario.example
-- expect: value true
update public.sponsor_lead_scores set rationale = 'Too small'
where id = '5ce00000-0000-4000-8000-0000000000c4'
returning updated_at = now();

-- follow_up_sequences ----------------------------------------------------------------------------

-- name: an organizer plans two contacts
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.follow_up_sequences
  (id, owner_id, sponsor_id, event_id, name, steps, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000d1', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1', 'Warm up',
  '[{"channel": "email", "after_days": 0, "template": "hello"},
    {"channel": "call", "after_days": 3}]',
  '2025-01-01'
);

-- name: the other organizer plans one
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.follow_up_sequences (id, owner_id, sponsor_id, name, steps)
values (
  '5ce00000-0000-4000-8000-0000000000d2', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-000000000053', 'Flatter', '[{"channel": "linkedin", "after_days": 1}]'
);

-- name: another organizer does not see the plan
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.follow_up_sequences where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a visitor may not read plans
-- as: anon
-- expect: error 42501
select id from public.follow_up_sequences limit 1;

-- name: nobody plans in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.follow_up_sequences (owner_id, sponsor_id, name, steps)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051', 'Annoy',
  '[{"channel": "email", "after_days": 0}]'
);

-- name: nobody stops another's plan
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.follow_up_sequences set status = 'cancelled', next_step_at = null
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: nobody deletes another's plan
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.follow_up_sequences where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a plan is for a sponsor of the same organizer
-- as: service_role
-- expect: error 23503
insert into public.follow_up_sequences (owner_id, sponsor_id, name, steps)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000053', 'Crossed',
  '[{"channel": "email", "after_days": 0}]'
);

-- name: a plan's event belongs to the same organizer
-- as: authenticated ada@scenario.example
-- expect: error 23503
update public.follow_up_sequences set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: the steps of a plan have a known shape
-- as: owner
-- expect: value f,f,f,f,f,t
select concat_ws(
  ',',
  private.follow_up_steps_valid('{}'),
  private.follow_up_steps_valid('[]'),
  private.follow_up_steps_valid('[7]'),
  private.follow_up_steps_valid('[{"channel": "pigeon", "after_days": 1}]'),
  private.follow_up_steps_valid('[{"channel": "email", "after_days": 1.5}]'),
  private.follow_up_steps_valid('[{"channel": "email", "after_days": 1}]')
);

-- name: a plan of another shape is refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.follow_up_sequences set steps = '[{"channel": "email"}]'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a plan has a name
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.follow_up_sequences set name = ''
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: no more steps can be done than are planned
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.follow_up_sequences set steps_done = 3
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a plan that is paused has no next step
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.follow_up_sequences set status = 'paused'
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: a status of a plan is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.follow_up_sequences set status = 'asleep', next_step_at = null
where id = '5ce00000-0000-4000-8000-0000000000d1';

-- name: another organizer cannot advance the plan
-- as: authenticated eve@scenario.example
-- expect: error P0002
select public.advance_follow_up_sequence('5ce00000-0000-4000-8000-0000000000d1');

-- name: a visitor cannot advance anything
-- as: anon
-- expect: error 42501
select public.advance_follow_up_sequence('5ce00000-0000-4000-8000-0000000000d1');

-- name: the server takes the first step, and the next is three days later
-- as: service_role
-- expect: value true
select steps_done = 1 and status = 'active' and next_step_at = now() + interval '3 days'
  and updated_at = now()
from public.advance_follow_up_sequence('5ce00000-0000-4000-8000-0000000000d1');

-- name: the organizer takes the last step, which completes the plan
-- as: authenticated ada@scenario.example
-- expect: value true
select steps_done = 2 and status = 'completed' and next_step_at is null
from public.advance_follow_up_sequence('5ce00000-0000-4000-8000-0000000000d1');

-- name: a completed plan goes no further
-- as: authenticated ada@scenario.example
-- expect: error 55000
select public.advance_follow_up_sequence('5ce00000-0000-4000-8000-0000000000d1');

-- name: each step is in the sponsor's log
-- as: authenticated ada@scenario.example
-- expect: value email,call
select string_agg(details #>> '{step,channel}', ',' order by subject)
from public.sponsor_activities
where sponsor_id = '5ce00000-0000-4000-8000-000000000051' and kind = 'follow_up';

-- Indexes: enough rows that the planner chooses them by itself. As the server, because containment
-- is not leakproof: under a policy the tenant's rows are read by owner_id first, then filtered. --

-- name: some hundreds of notes, proposals, scores and plans
-- as: owner
-- expect: 500 affected
with rows as (
  select g, '5ce00000-0000-4000-8000-00000000000a'::uuid as owner_id,
    '5ce00000-0000-4000-8000-000000000052'::uuid as sponsor_id,
    '5ce00000-0000-4000-8000-0000000000e1'::uuid as event_id,
    repeat('a long text ', 80) as long_text
  from generate_series(1, 500) as g
),
proposals as (
  insert into public.sponsor_proposals
    (owner_id, sponsor_id, event_id, title, tier, amount_cents, benefits, message)
  select owner_id, sponsor_id, event_id, 'Scenario generated', 'bronze', 100,
    jsonb_build_array(jsonb_build_object('title', 'Benefit ' || g, 'kind', 'other')), long_text
  from rows
),
scores as (
  insert into public.sponsor_lead_scores
    (owner_id, sponsor_id, event_id, score, factors, rationale, is_current)
  select owner_id, sponsor_id, event_id, g % 100, jsonb_build_object('factor', g), long_text, false
  from rows
),
plans as (
  insert into public.follow_up_sequences (owner_id, sponsor_id, name, steps)
  select owner_id, sponsor_id, 'Scenario generated', jsonb_build_array(
    jsonb_build_object('channel', 'email', 'after_days', 1, 'template', 'template ' || g),
    jsonb_build_object('channel', 'email', 'after_days', 2, 'template', long_text)
  )
  from rows
)
insert into public.sponsor_activities (owner_id, sponsor_id, kind, subject, details, body)
select owner_id, sponsor_id, 'note', 'Scenario generated', jsonb_build_object('number', g),
  long_text
from rows;

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.sponsor_activities, public.sponsor_proposals, public.sponsor_lead_scores,
  public.follow_up_sequences;

-- name: details of activities are found through their GIN index
-- as: service_role
-- expect: index sponsor_activities_details_idx
select id from public.sponsor_activities where details @> '{"number": 77}';

-- name: exactly one activity has the details asked for
-- as: service_role
-- expect: 1 row
select id from public.sponsor_activities
where details @> '{"number": 77}' and sponsor_id = '5ce00000-0000-4000-8000-000000000052';

-- name: benefits of proposals are found through their GIN index
-- as: service_role
-- expect: index sponsor_proposals_benefits_idx
select id from public.sponsor_proposals where benefits @> '[{"title": "Benefit 77"}]';

-- name: factors of scores are found through their GIN index
-- as: service_role
-- expect: index sponsor_lead_scores_factors_idx
select id from public.sponsor_lead_scores where factors @> '{"factor": 77}';

-- name: steps of plans are found through their GIN index
-- as: service_role
-- expect: index follow_up_sequences_steps_idx
select id from public.follow_up_sequences where steps @> '[{"template": "template 77"}]';

-- name: the generated rows go again
-- as: owner
-- expect: 500 affected
with proposals as (
  delete from public.sponsor_proposals
  where sponsor_id = '5ce00000-0000-4000-8000-000000000052' and title = 'Scenario generated'
),
scores as (
  delete from public.sponsor_lead_scores
  where sponsor_id = '5ce00000-0000-4000-8000-000000000052' and rationale like 'a long text %'
),
plans as (
  delete from public.follow_up_sequences
  where sponsor_id = '5ce00000-0000-4000-8000-000000000052' and name = 'Scenario generated'
)
delete from public.sponsor_activities
where sponsor_id = '5ce00000-0000-4000-8000-000000000052' and subject = 'Scenario generated';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: rows of sponsor_activities are looked up by owner_id, sponsor_id, occurred_at, through their index
-- as: service_role
-- expect: index sponsor_activities_owner_id_sponsor_id_idx
select id from public.sponsor_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051'
order by occurred_at desc
limit 20;

-- name: rows of sponsor_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index sponsor_activities_event_id_idx
select id from public.sponsor_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of sponsor_activities are looked up by actor_id, through their index
-- as: service_role
-- expect: index sponsor_activities_actor_id_idx
select id from public.sponsor_activities
where actor_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: rows of sponsor_proposals are looked up by event_id, through their index
-- as: service_role
-- expect: index sponsor_proposals_event_id_idx
select id, title from public.sponsor_proposals
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of sponsor_proposals are looked up by owner_id, valid_until, the open ones, through their index
-- as: service_role
-- expect: index sponsor_proposals_owner_id_open_idx
select id from public.sponsor_proposals
where status in ('sent', 'negotiating')
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and valid_until < date '2031-01-01';

-- name: rows of sponsor_lead_scores are looked up by owner_id, sponsor_id, scored_at, through their index
-- as: service_role
-- expect: index sponsor_lead_scores_owner_id_sponsor_id_idx
select id from public.sponsor_lead_scores
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051'
order by scored_at desc
limit 20;

-- name: rows of sponsor_lead_scores are looked up by event_id, score, through their index
-- as: service_role
-- expect: index sponsor_lead_scores_event_id_idx
select id from public.sponsor_lead_scores
where event_id = '5ce00000-0000-4000-8000-0000000000e1'
order by score desc
limit 20;

-- name: rows of follow_up_sequences are looked up by owner_id, sponsor_id, through their index
-- as: service_role
-- expect: index follow_up_sequences_owner_id_sponsor_id_idx
select id from public.follow_up_sequences
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: rows of follow_up_sequences are looked up by event_id, through their index
-- as: service_role
-- expect: index follow_up_sequences_event_id_idx
select id from public.follow_up_sequences
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of follow_up_sequences are looked up by next_step_at, the open ones, through their index
-- as: service_role
-- expect: index follow_up_sequences_due_idx
select id from public.follow_up_sequences
where status = 'active'
  and next_step_at <= now();

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Ada's are a call, four moves of a proposal and two steps of a plan; one of the steps was logged by
-- the server, without an actor, and no user may log in that form.
-- access: public.sponsor_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  7/8     6/8     none    none
--   authenticated eve@scenario.example  1/8     1/8     none    none
--   service_role                        all     all     none    all

-- Ada's are one accepted and two drafts: all to change, the drafts to delete. A copy of the accepted
-- one is refused by the state machine, even to the server.
-- access: public.sponsor_proposals
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  3/4     2/4     3/4     2/4
--   authenticated eve@scenario.example  1/4     1/4     1/4     1/4
--   service_role                        all     3/4     all     all

-- access: public.sponsor_lead_scores
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     2/3     2/3     2/3
--   authenticated eve@scenario.example  1/3     1/3     1/3     1/3
--   service_role                        all     all     all     all

-- access: public.follow_up_sequences
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  1/2     1/2     1/2     1/2
--   authenticated eve@scenario.example  1/2     1/2     1/2     1/2
--   service_role                        all     all     all     all
