-- Scenario of ai_agents_operations_support. Self-contained: it makes its own people and events, asks
-- for rows by key only, and is rolled back as a whole. Sam helps Ada out with one conversation.

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

-- name: each organizer has a workflow that asks agents
-- as: owner
-- expect: 2 affected
insert into public.automation_workflows (id, owner_id, name, steps, status)
values
  ('5ce00000-0000-4000-8000-0000000000d1', '5ce00000-0000-4000-8000-00000000000a', 'Ask',
   '[{"key": "ask", "action": "run_agent"}]', 'active'),
  ('5ce00000-0000-4000-8000-0000000000d2', '5ce00000-0000-4000-8000-00000000000e', 'Ask',
   '[{"key": "ask", "action": "run_agent"}]', 'active');

-- name: each workflow is started once
-- as: owner
-- expect: 2 affected
insert into public.workflow_execution_logs (id, owner_id, workflow_id)
values
  ('5ce00000-0000-4000-8000-0000000000f1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000d1'),
  ('5ce00000-0000-4000-8000-0000000000f2', '5ce00000-0000-4000-8000-00000000000e',
   '5ce00000-0000-4000-8000-0000000000d2');

-- name: a helper and a customer sign up
-- as: owner
-- expect: 2 affected
insert into auth.users (id, email)
values
  ('5ce00000-0000-4000-8000-00000000000c', 'cleo@scenario.example'),
  ('5ce00000-0000-4000-8000-00000000000d', 'sam@scenario.example');

-- name: somebody has a venue
-- as: owner
-- expect: 1 affected
insert into public.venues (id, owner_id, name, address, city, country, capacity)
values (
  '5ce00000-0000-4000-8000-000000000061', '5ce00000-0000-4000-8000-00000000000e',
  'Scenario Hall', '1 Main St', 'Oslo', 'NO', 300
);

-- agent_operations_activities --------------------------------------------------------------------

-- name: the server runs the operations agent for two organizers
-- as: service_role
-- expect: 2 affected
insert into public.agent_operations_activities
  (id, owner_id, kind, model, input, needs_action)
values
  ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-00000000000a',
   'capacity_check', 'scenario-1', '{"ask": "what now"}', true),
  ('5ce00000-0000-4000-8000-0000000000a2', '5ce00000-0000-4000-8000-00000000000e',
   'capacity_check', 'scenario-1', '{"ask": "and I"}', true);

-- name: an organizer reads her own operations runs
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000a1
select id from public.agent_operations_activities
where id in ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000a2');

-- name: another organizer does not see the operations run
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_operations_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a visitor may not read operations runs
-- as: anon
-- expect: error 42501
select id from public.agent_operations_activities limit 1;

-- name: organizers do not write operations runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.agent_operations_activities (owner_id, kind, model, needs_action)
values ('5ce00000-0000-4000-8000-00000000000a', 'capacity_check', 'me', true);

-- name: organizers do not change what a operations run says
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_operations_activities set output = '{"say": "yes"}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: organizers do not delete operations runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.agent_operations_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run is for somebody who exists
-- as: service_role
-- expect: error 23503
insert into public.agent_operations_activities (owner_id, kind, model, needs_action)
values ('5ce00000-0000-4000-8000-0000000000ff', 'capacity_check', 'scenario-1', true);

-- name: a operations run is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_operations_activities set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run belongs to an execution of its owner
-- as: service_role
-- expect: error 23503
update public.agent_operations_activities set execution_id = '5ce00000-0000-4000-8000-0000000000f2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run that is queued does not succeed before it runs
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set status = 'succeeded', output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run starts, for an event and an execution of its owner, which is stamped
-- as: service_role
-- expect: value true
update public.agent_operations_activities
set
  status = 'running',
  event_id = '5ce00000-0000-4000-8000-0000000000e1',
  execution_id = '5ce00000-0000-4000-8000-0000000000f1'
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning started_at = now() and finished_at is null;

-- name: a operations run does not succeed without output
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run does not fail without a reason
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a kind of operations run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set kind = 'juggling'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run says which model
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set model = ''
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the input of a operations run is an object
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set input = '[]'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the output of a operations run is an object
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set output = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a status of a operations run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set status = 'asleep'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: tokens of a operations run are not negative
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set input_tokens = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the cost of a operations run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set cost_microcents = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the currency of a operations run is three capital letters
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set currency = 'usd'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a operations run is at most 1
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set confidence = 1.5
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a operations run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set confidence = -0.1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run succeeds, which is stamped, and its cost is rounded up to cents
-- as: service_role
-- expect: value true
update public.agent_operations_activities
set
  status = 'succeeded',
  output = '{"say": "go on", "number": 1}',
  input_tokens = 1200,
  output_tokens = 80,
  cost_microcents = 2300001,
  confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning finished_at = now() and cost_cents = 3;

-- name: what a finished operations run cost is a record
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set cost_microcents = 0
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: what a finished operations run said is a record
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a finished operations run does not start again
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a operations run of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.agent_operations_activities
  (id, owner_id, kind, model, updated_at, needs_action)
values (
  '5ce00000-0000-4000-8000-0000000000a3', '5ce00000-0000-4000-8000-00000000000a', 'capacity_check',
  'scenario-1', '2025-01-01', true
);

-- name: a queued operations run is cancelled, and updated_at follows
-- as: service_role
-- expect: value true
update public.agent_operations_activities set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000a3'
returning updated_at = now() and finished_at = now() and started_at is null;

-- name: an operations run may be about a venue of somebody else
-- as: service_role
-- expect: 1 affected
update public.agent_operations_activities
set venue_id = '5ce00000-0000-4000-8000-000000000061', severity = 'critical'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: an operations run is about a venue that exists
-- as: service_role
-- expect: error 23503
update public.agent_operations_activities set venue_id = '5ce00000-0000-4000-8000-0000000000ff'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a severity is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set severity = 'meh'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: nobody settles another's alert
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.agent_operations_activities set settled_at = now()
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: an alert is not settled by a note alone
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_operations_activities set settled_note = 'Called them'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: an organizer settles her alert
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_operations_activities set settled_at = now(), settled_note = 'Called them'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: what needs no action cannot be settled
-- as: service_role
-- expect: error 23514
update public.agent_operations_activities set needs_action = false
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the cancelled run needs no action after all
-- as: service_role
-- expect: 1 affected
update public.agent_operations_activities set needs_action = false
where id = '5ce00000-0000-4000-8000-0000000000a3';

-- name: an organizer does not settle what needs no action
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.agent_operations_activities set settled_at = now()
where id = '5ce00000-0000-4000-8000-0000000000a3';

-- agent_support_activities -----------------------------------------------------------------------

-- name: the server runs the support agent for two organizers
-- as: service_role
-- expect: 2 affected
insert into public.agent_support_activities
  (id, owner_id, kind, model, input, subject, customer_message)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a',
   'answer', 'scenario-1', '{"ask": "what now"}', 'Where is the wheelchair entrance?', 'I cannot find it'),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000e',
   'answer', 'scenario-1', '{"ask": "and I"}', 'Parking', 'Is there parking?');

-- name: an organizer reads her own support runs
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000b1
select id from public.agent_support_activities
where id in ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b2');

-- name: another organizer does not see the support run
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a visitor may not read support runs
-- as: anon
-- expect: error 42501
select id from public.agent_support_activities limit 1;

-- name: organizers do not write support runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.agent_support_activities (owner_id, kind, model, subject, customer_message)
values (
  '5ce00000-0000-4000-8000-00000000000a', 'answer', 'me', 'Where is the wheelchair entrance?', 'I cannot find it'
);

-- name: organizers do not change what a support run says
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_support_activities set output = '{"say": "yes"}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: organizers do not delete support runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run is for somebody who exists
-- as: service_role
-- expect: error 23503
insert into public.agent_support_activities (owner_id, kind, model, subject, customer_message)
values (
  '5ce00000-0000-4000-8000-0000000000ff', 'answer', 'scenario-1', 'Where is the wheelchair entrance?', 'I cannot find it'
);

-- name: a support run is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_support_activities set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run belongs to an execution of its owner
-- as: service_role
-- expect: error 23503
update public.agent_support_activities set execution_id = '5ce00000-0000-4000-8000-0000000000f2'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run that is queued does not succeed before it runs
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set status = 'succeeded', output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run starts, for an event and an execution of its owner, which is stamped
-- as: service_role
-- expect: value true
update public.agent_support_activities
set
  status = 'running',
  event_id = '5ce00000-0000-4000-8000-0000000000e1',
  execution_id = '5ce00000-0000-4000-8000-0000000000f1'
where id = '5ce00000-0000-4000-8000-0000000000b1'
returning started_at = now() and finished_at is null;

-- name: a support run does not succeed without output
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run does not fail without a reason
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a kind of support run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set kind = 'juggling'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run says which model
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set model = ''
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the input of a support run is an object
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set input = '[]'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the output of a support run is an object
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set output = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a status of a support run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set status = 'asleep'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: tokens of a support run are not negative
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set input_tokens = -1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the cost of a support run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set cost_microcents = -1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the currency of a support run is three capital letters
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set currency = 'usd'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the confidence of a support run is at most 1
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set confidence = 1.5
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the confidence of a support run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set confidence = -0.1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run succeeds, which is stamped, and its cost is rounded up to cents
-- as: service_role
-- expect: value true
update public.agent_support_activities
set
  status = 'succeeded',
  output = '{"say": "go on", "number": 1}',
  input_tokens = 1200,
  output_tokens = 80,
  cost_microcents = 2300001,
  confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000b1'
returning finished_at = now() and cost_cents = 3;

-- name: what a finished support run cost is a record
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set cost_microcents = 0
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: what a finished support run said is a record
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a finished support run does not start again
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a support run of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.agent_support_activities
  (id, owner_id, kind, model, updated_at, subject, customer_message)
values (
  '5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-00000000000a', 'answer',
  'scenario-1', '2025-01-01', 'Where is the wheelchair entrance?', 'I cannot find it'
);

-- name: a queued support run is cancelled, and updated_at follows
-- as: service_role
-- expect: value true
update public.agent_support_activities set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000b3'
returning updated_at = now() and finished_at = now() and started_at is null;

-- name: turns of a conversation are numbered once
-- as: service_role
-- expect: error 23505
insert into public.agent_support_activities
  (owner_id, kind, model, subject, customer_message, conversation_id, turn)
select owner_id, kind, model, subject, 'Again', conversation_id, turn
from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a conversation goes on with the next turn, of a customer that we know
-- as: service_role
-- expect: 1 affected
insert into public.agent_support_activities
  (id, owner_id, kind, model, subject, customer_message, conversation_id, turn, customer_id, channel)
select '5ce00000-0000-4000-8000-0000000000b4', owner_id, kind, model, subject, 'I waited for hours',
  conversation_id, 2, '5ce00000-0000-4000-8000-00000000000c', 'whatsapp'
from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a customer is somebody who exists
-- as: service_role
-- expect: error 23503
update public.agent_support_activities set customer_id = '5ce00000-0000-4000-8000-0000000000ff'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the customer does not read the agent's notes
-- as: authenticated cleo@scenario.example
-- expect: 0 rows
select id from public.agent_support_activities
where customer_id = '5ce00000-0000-4000-8000-00000000000c';

-- name: a channel is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set channel = 'pigeon'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: a conversation has a subject
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set subject = ''
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: a message says something
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set customer_message = ''
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: a turn is numbered from one
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set turn = 0
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: a sentiment is at least -1
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set sentiment = -2
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: an escalation is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_support_activities set escalation = 'maybe'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the agent answers the angry customer
-- as: service_role
-- expect: 1 affected
update public.agent_support_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: an unhappy customer escalates by itself
-- as: service_role
-- expect: value 'escalated negative sentiment t'
update public.agent_support_activities
set status = 'succeeded', output = '{}', agent_reply = 'Sorry', sentiment = -0.8, confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000b4'
returning concat_ws(' ', escalation, escalation_reason, escalated_at = now());

-- name: an agent that is unsure escalates by itself
-- as: service_role
-- expect: value 'escalated low confidence t'
insert into public.agent_support_activities
  (id, owner_id, kind, model, subject, customer_message, status, output, confidence)
values (
  '5ce00000-0000-4000-8000-0000000000b5', '5ce00000-0000-4000-8000-00000000000a', 'other',
  'scenario-1', 'Refund in gold', 'Can I have gold?', 'succeeded', '{}', 0.2
)
returning concat_ws(' ', escalation, escalation_reason, escalated_at = now());

-- name: a conversation does not start as resolved
-- as: service_role
-- expect: error 23514
insert into public.agent_support_activities
  (owner_id, kind, model, subject, customer_message, escalation)
values (
  '5ce00000-0000-4000-8000-00000000000a', 'other', 'scenario-1', 'Hi', 'Hi', 'resolved'
);

-- name: an organizer escalates by hand, with a reason
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_support_activities set escalation = 'escalated'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: an organizer does not assign what was not escalated
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_support_activities
set escalation = 'assigned', escalation_reason = 'x',
  escalated_to = '5ce00000-0000-4000-8000-00000000000d'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: an organizer does not assign to nobody
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_support_activities set escalation = 'assigned'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: an assignee is somebody who exists
-- as: authenticated ada@scenario.example
-- expect: error 23503
update public.agent_support_activities
set escalation = 'assigned', escalated_to = '5ce00000-0000-4000-8000-0000000000ff'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: nobody assigns another's conversation
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.agent_support_activities set escalated_to = '5ce00000-0000-4000-8000-00000000000e'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: before it is assigned, the helper does not see it
-- as: authenticated sam@scenario.example
-- expect: 0 rows
select id from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: an organizer assigns it to a helper
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_support_activities
set escalation = 'assigned', escalated_to = '5ce00000-0000-4000-8000-00000000000d'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the helper sees that turn and nothing else of the organizer's
-- as: authenticated sam@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000b4
select id from public.agent_support_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: the helper does not push it back without an assignee
-- as: authenticated sam@scenario.example
-- expect: error 42501
update public.agent_support_activities set escalation = 'escalated', escalated_to = null
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the helper resolves it, which is stamped
-- as: authenticated sam@scenario.example
-- expect: value true
update public.agent_support_activities set escalation = 'resolved', resolution = 'Sent a voucher'
where id = '5ce00000-0000-4000-8000-0000000000b4'
returning resolved_at = now();

-- name: the helper does not change what is resolved
-- as: authenticated sam@scenario.example
-- expect: 0 affected
update public.agent_support_activities set resolution = 'Nothing'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: resolved is final
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_support_activities set escalation = 'escalated'
where id = '5ce00000-0000-4000-8000-0000000000b4';

-- name: the other conversation is assigned to the helper too
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_support_activities
set escalation = 'assigned', escalated_to = '5ce00000-0000-4000-8000-00000000000d'
where id = '5ce00000-0000-4000-8000-0000000000b5';

-- name: the helper leaves
-- as: owner
-- expect: 1 affected
delete from auth.users where id = '5ce00000-0000-4000-8000-00000000000d';

-- name: what waited for the helper waits for somebody else now
-- as: authenticated ada@scenario.example
-- expect: value true
select escalation = 'escalated' and escalated_to is null
from public.agent_support_activities where id = '5ce00000-0000-4000-8000-0000000000b5';

-- name: Ada takes it on herself
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_support_activities
set escalation = 'assigned', escalated_to = '5ce00000-0000-4000-8000-00000000000a'
where id = '5ce00000-0000-4000-8000-0000000000b5';

-- public.search_support_conversations ------------------------------------------------------------

-- name: words are found in their inflections, the subject first, none of another's
-- as: authenticated ada@scenario.example
-- expect: value 'Where is the wheelchair entrance? I <b>waited</b> for <b>hours</b>'
select subject || ' ' || excerpt
from public.search_support_conversations('"wheelchair entrances" waiting hour');

-- name: a word to leave out is left out
-- as: authenticated ada@scenario.example
-- expect: 1 row
select id from public.search_support_conversations('wheelchair -waited', 1);

-- name: another organizer finds nothing of it
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.search_support_conversations(
  'wheelchair', for_owner => '5ce00000-0000-4000-8000-00000000000a'
);

-- name: the server finds nothing unless it says for whom
-- as: service_role
-- expect: 0 rows
select id from public.search_support_conversations('wheelchair');

-- name: the server finds it when it says for whom
-- as: service_role
-- expect: 3 rows
select id from public.search_support_conversations(
  'wheelchair', for_owner => '5ce00000-0000-4000-8000-00000000000a'
);

-- name: a visitor may not search
-- as: anon
-- expect: error 42501
select id from public.search_support_conversations('wheelchair');

-- name: a search for nothing finds nothing
-- as: authenticated ada@scenario.example
-- expect: 0 rows
select id from public.search_support_conversations('the');

-- Indexes: enough rows that the planner chooses them by itself. As the server, because containment
-- is not leakproof: under a policy the tenant's rows are read by owner_id first, then filtered. --

-- name: some hundreds of operations runs
-- as: owner
-- expect: 500 affected
insert into public.agent_operations_activities (owner_id, kind, model, status, output, input)
select '5ce00000-0000-4000-8000-00000000000e', 'capacity_check',
  'Scenario generated', 'succeeded', jsonb_build_object('number', g),
  jsonb_build_object('text', repeat('long text ', 60))
from generate_series(1, 500) as g;

-- name: the planner is told about the operations runs
-- as: owner
-- expect: ok
analyze public.agent_operations_activities;

-- name: outputs of operations runs are found through their GIN index
-- as: service_role
-- expect: index agent_operations_activities_output_idx
select id from public.agent_operations_activities where output @> '{"number": 77}';

-- name: exactly one generated operations run has the output asked for
-- as: service_role
-- expect: 1 row
select id from public.agent_operations_activities
where output @> '{"number": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000e';

-- name: the generated operations runs go again
-- as: owner
-- expect: 500 affected
delete from public.agent_operations_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000e' and model = 'Scenario generated';

-- name: some hundreds of support runs
-- as: owner
-- expect: 500 affected
insert into public.agent_support_activities
  (owner_id, kind, model, status, output, input, subject, customer_message)
select '5ce00000-0000-4000-8000-00000000000e', 'answer',
  'Scenario generated', 'succeeded', jsonb_build_object('number', g),
  jsonb_build_object('text', repeat('long text ', 60)),
  'Ticket ' || g, 'Question about seat seat' || g
from generate_series(1, 500) as g;

-- name: the planner is told about the support runs
-- as: owner
-- expect: ok
analyze public.agent_support_activities;

-- name: outputs of support runs are found through their GIN index
-- as: service_role
-- expect: index agent_support_activities_output_idx
select id from public.agent_support_activities where output @> '{"number": 77}';

-- name: exactly one generated support run has the output asked for
-- as: service_role
-- expect: 1 row
select id from public.agent_support_activities
where output @> '{"number": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000e';

-- name: words are found through the full-text index
-- as: service_role
-- expect: index agent_support_activities_search_idx
select id from public.agent_support_activities
where search @@ websearch_to_tsquery('english', 'question seat77');

-- name: the generated support runs go again
-- as: owner
-- expect: 500 affected
delete from public.agent_support_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000e' and model = 'Scenario generated';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: sorts are priced out, so that only an index that is in order answers for order by
-- as: owner
-- expect: ok
set local enable_sort = off;

-- name: rows of agent_operations_activities are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index agent_operations_activities_owner_id_created_at_idx
select id from public.agent_operations_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of agent_operations_activities are looked up by owner_id, severity, the open ones, through their index
-- as: service_role
-- expect: index agent_operations_activities_owner_id_unsettled_idx
select id from public.agent_operations_activities
where needs_action and settled_at is null
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and severity = 'critical';

-- name: rows of agent_operations_activities are looked up by venue_id, through their index
-- as: service_role
-- expect: index agent_operations_activities_venue_id_idx
select id from public.agent_operations_activities
where venue_id = '5ce00000-0000-4000-8000-000000000061';

-- name: rows of agent_operations_activities are looked up by owner_id, execution_id, through their index
-- as: service_role
-- expect: index agent_operations_activities_owner_id_execution_id_idx
select id from public.agent_operations_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and execution_id = '5ce00000-0000-4000-8000-0000000000f1';

-- name: rows of agent_operations_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_operations_activities_event_id_idx
select id from public.agent_operations_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_operations_activities are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index agent_operations_activities_open_idx
select id from public.agent_operations_activities
where status in ('queued', 'running')
order by created_at
limit 20;

-- name: rows of agent_support_activities are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index agent_support_activities_owner_id_created_at_idx
select id from public.agent_support_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of agent_support_activities are looked up by customer_id, through their index
-- as: service_role
-- expect: index agent_support_activities_customer_id_idx
select id from public.agent_support_activities
where customer_id = '5ce00000-0000-4000-8000-00000000000c';

-- name: rows of agent_support_activities are looked up by escalated_to, through their index
-- as: service_role
-- expect: index agent_support_activities_escalated_to_idx
select id from public.agent_support_activities
where escalated_to = '5ce00000-0000-4000-8000-00000000000d';

-- name: rows of agent_support_activities are looked up by owner_id, escalated_at, the open ones, through their index
-- as: service_role
-- expect: index agent_support_activities_owner_id_escalated_idx
select id from public.agent_support_activities
where escalation in ('escalated', 'assigned')
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
order by escalated_at
limit 20;

-- name: rows of agent_support_activities are looked up by owner_id, execution_id, through their index
-- as: service_role
-- expect: index agent_support_activities_owner_id_execution_id_idx
select id from public.agent_support_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and execution_id = '5ce00000-0000-4000-8000-0000000000f1';

-- name: rows of agent_support_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_support_activities_event_id_idx
select id from public.agent_support_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_support_activities are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index agent_support_activities_open_idx
select id from public.agent_support_activities
where status in ('queued', 'running')
order by created_at
limit 20;

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: sorts cost what they cost again
-- as: owner
-- expect: ok
set local enable_sort = on;

-- Organizers settle what needs action: one run of each, not the cancelled one.
-- access: public.agent_operations_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     none    1/3     none
--   authenticated eve@scenario.example  1/3     none    1/3     none
--   service_role                        all     all     all     all

-- Copies of the resolved turn are refused by the state machine, even to the server.
-- access: public.agent_support_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  4/5     none    4/5     none
--   authenticated eve@scenario.example  1/5     none    1/5     none
--   authenticated cleo@scenario.example none    none    none    none
--   service_role                        all     3/5     all     all
