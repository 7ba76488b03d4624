-- Scenario of automation_workflows. Self-contained: it makes its own people and events, asks for
-- rows by key only, and is rolled back as a whole.

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

-- automation_workflows ---------------------------------------------------------------------------

-- name: an organizer designs two workflows, one for her event
-- as: authenticated ada@scenario.example
-- expect: 2 affected
insert into public.automation_workflows (id, owner_id, event_id, name, steps, status)
values
  ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000e1', 'Thank the buyer',
   '[{"key": "thank", "action": "send_email", "config": {"template": "thanks"}},
     {"key": "pause", "action": "wait", "config": {"seconds": 3600}},
     {"key": "ask", "action": "run_agent", "on_error": "retry"}]', 'active'),
  ('5ce00000-0000-4000-8000-0000000000a2', '5ce00000-0000-4000-8000-00000000000a', null,
   'Not ready', '[{"key": "call", "action": "webhook"}]', 'draft');

-- name: the other organizer designs one
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.automation_workflows (id, owner_id, name, steps, status)
values (
  '5ce00000-0000-4000-8000-0000000000a3', '5ce00000-0000-4000-8000-00000000000e', 'Eve''s',
  '[{"key": "call", "action": "webhook"}]', 'active'
);

-- name: an organizer reads her own workflows
-- as: authenticated ada@scenario.example
-- expect: 2 rows
select id from public.automation_workflows
where id in (
  '5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000a2',
  '5ce00000-0000-4000-8000-0000000000a3'
);

-- name: a visitor may not read workflows
-- as: anon
-- expect: error 42501
select id from public.automation_workflows limit 1;

-- name: nobody designs in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.automation_workflows (owner_id, name, steps)
values (
  '5ce00000-0000-4000-8000-00000000000a', 'Spy', '[{"key": "call", "action": "webhook"}]'
);

-- name: nobody changes another's workflow
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.automation_workflows set status = 'archived'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: nobody hands a workflow over
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.automation_workflows set owner_id = '5ce00000-0000-4000-8000-00000000000e'
where id = '5ce00000-0000-4000-8000-0000000000a2';

-- name: nobody deletes another's workflow
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.automation_workflows where id = '5ce00000-0000-4000-8000-0000000000a2';

-- name: a workflow needs an owner that exists
-- as: service_role
-- expect: error 23503
insert into public.automation_workflows (owner_id, name, steps)
values (
  '5ce00000-0000-4000-8000-0000000000ff', 'Orphan', '[{"key": "call", "action": "webhook"}]'
);

-- name: a workflow's event belongs to its owner
-- as: authenticated ada@scenario.example
-- expect: error 23503
update public.automation_workflows set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: steps have a known shape
-- as: owner
-- expect: value f,f,f,f,f,f,f,f,t
select concat_ws(
  ',',
  private.workflow_steps_valid('{}'),
  private.workflow_steps_valid('[]'),
  private.workflow_steps_valid('["send"]'),
  private.workflow_steps_valid('[{"key": "a", "action": "explode"}]'),
  private.workflow_steps_valid('[{"key": "A b", "action": "webhook"}]'),
  private.workflow_steps_valid('[{"key": "a", "action": "wait"}]'),
  private.workflow_steps_valid('[{"key": "a", "action": "webhook", "surprise": 1}]'),
  private.workflow_steps_valid(
    '[{"key": "a", "action": "webhook"}, {"key": "a", "action": "webhook"}]'
  ),
  private.workflow_steps_valid(
    '[{"key": "a", "action": "webhook"}, {"key": "b", "action": "webhook", "on_error": "retry"}]'
  )
);

-- name: steps of another shape are refused
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_workflows set steps = '[{"key": "a", "action": "explode"}]'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a workflow has a name
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_workflows set name = ' '
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a status of a workflow is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_workflows set status = 'on'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: new steps are a new version, whatever the caller says
-- as: authenticated ada@scenario.example
-- expect: value 2
update public.automation_workflows
set steps = '[{"key": "call", "action": "webhook", "config": {"url": "x"}}]', version = 99
where id = '5ce00000-0000-4000-8000-0000000000a2'
returning version;

-- name: a workflow of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.automation_workflows (id, owner_id, name, steps, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000a4', '5ce00000-0000-4000-8000-00000000000a', 'Old',
  '[{"key": "call", "action": "webhook"}]', '2025-01-01'
);

-- name: updated_at follows a change, the version does not
-- as: authenticated ada@scenario.example
-- expect: value true
update public.automation_workflows set description = 'Old one'
where id = '5ce00000-0000-4000-8000-0000000000a4'
returning updated_at = now() and version = 1;

-- name: an organizer deletes her workflow
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.automation_workflows where id = '5ce00000-0000-4000-8000-0000000000a4';

-- automation_triggers ----------------------------------------------------------------------------

-- name: an organizer adds triggers to her workflows
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.automation_triggers
  (id, owner_id, workflow_id, name, event_type, condition, priority)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000a1', 'Gold buyers', 'order.paid',
   '{"tier": "gold", "buyer": {"tags": ["press"]}}', 10),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000a1', 'All buyers', 'order.paid', '{}', 20),
  ('5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000a2', 'For the draft', 'order.paid', '{}', 30);

-- name: the other organizer adds a trigger for the same happening
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.automation_triggers (id, owner_id, workflow_id, name, event_type)
values (
  '5ce00000-0000-4000-8000-0000000000b4', '5ce00000-0000-4000-8000-00000000000e',
  '5ce00000-0000-4000-8000-0000000000a3', 'Eve''s', 'order.paid'
);

-- name: an organizer reads her own triggers
-- as: authenticated ada@scenario.example
-- expect: 1 row
select id from public.automation_triggers
where id in ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b4');

-- name: a visitor may not read triggers
-- as: anon
-- expect: error 42501
select id from public.automation_triggers limit 1;

-- name: nobody adds a trigger in another's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.automation_triggers (owner_id, workflow_id, name, event_type)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1', 'Spy',
  'order.paid'
);

-- name: nobody adds a trigger to another's workflow
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.automation_triggers (owner_id, workflow_id, name, event_type)
values (
  '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000a1', 'Spy',
  'order.paid'
);

-- name: nobody switches another's trigger off
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.automation_triggers set is_active = false
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: nobody deletes another's trigger
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.automation_triggers where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a happening is written as subject and verb
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_triggers set event_type = 'Order Paid!'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a condition is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_triggers set condition = '["gold"]'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a trigger has a name
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_triggers set name = ''
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a priority is not negative
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.automation_triggers set priority = -1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a condition is kept as its leaves too
-- as: authenticated ada@scenario.example
-- expect: value '{".\"buyer\".\"tags\"[]=\"press\"",".\"tier\"=\"gold\""}'
select condition_terms from public.automation_triggers
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: keys with dots and numbers in quotes are not mixed up
-- as: authenticated ada@scenario.example
-- expect: value f,f,t,t
select concat_ws(
  ',',
  public.condition_terms('{"a.b": 1}') && public.condition_terms('{"a": {"b": 1}}'),
  public.condition_terms('{"a": "1"}') && public.condition_terms('{"a": 1}'),
  public.condition_terms('{"a": [1, {"b": null}]}') <@ public.condition_terms('{"a": [{"b": null}, 2, 1]}'),
  public.condition_terms('{}') = '{}'
);

-- name: a trigger of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.automation_triggers
  (id, owner_id, workflow_id, name, event_type, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000b5', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-0000000000a2', 'Old', 'order.refunded', '2025-01-01'
);

-- name: updated_at of a trigger follows a change
-- as: authenticated ada@scenario.example
-- expect: value true
update public.automation_triggers set is_active = false
where id = '5ce00000-0000-4000-8000-0000000000b5'
returning updated_at = now();

-- name: an organizer deletes her trigger
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.automation_triggers where id = '5ce00000-0000-4000-8000-0000000000b5';

-- public.match_automation_triggers ---------------------------------------------------------------

-- name: the triggers whose condition the payload contains match, in order, of active workflows only
-- as: authenticated ada@scenario.example
-- expect: value Gold buyers,All buyers
select string_agg(name, ',' order by priority)
from public.match_automation_triggers(
  'order.paid',
  '{"event_id": "5ce00000-0000-4000-8000-0000000000e1", "tier": "gold", "amount_cents": 5,
    "buyer": {"name": "Kim", "tags": ["vip", "press"]}}'
);

-- name: a condition that the payload does not contain does not match
-- as: authenticated ada@scenario.example
-- expect: value All buyers
select string_agg(name, ',')
from public.match_automation_triggers(
  'order.paid',
  '{"event_id": "5ce00000-0000-4000-8000-0000000000e1", "tier": "gold"}'
);

-- name: a workflow for one event is not matched by what happens at another
-- as: authenticated ada@scenario.example
-- expect: 0 rows
select id from public.match_automation_triggers('order.paid', '{"event_id": "elsewhere"}');

-- name: something else that happened does not match
-- as: authenticated ada@scenario.example
-- expect: 0 rows
select id from public.match_automation_triggers(
  'order.refunded', '{"event_id": "5ce00000-0000-4000-8000-0000000000e1"}'
);

-- name: naming another organizer matches nothing
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.match_automation_triggers(
  'order.paid', '{"event_id": "5ce00000-0000-4000-8000-0000000000e1"}',
  '5ce00000-0000-4000-8000-00000000000a'
);

-- name: the server matches nothing unless it says for whom
-- as: service_role
-- expect: 0 rows
select id from public.match_automation_triggers('order.paid');

-- name: a visitor may not match triggers
-- as: anon
-- expect: error 42501
select id from public.match_automation_triggers('order.paid');

-- workflow_execution_logs ------------------------------------------------------------------------

-- name: an organizer starts her workflow
-- as: authenticated ada@scenario.example
-- expect: 1 row
insert into public.workflow_execution_logs (owner_id, workflow_id, payload, idempotency_key)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1',
  '{"by": "hand"}', 'scenario-1'
)
returning id;

-- name: the server starts the others, one of long ago
-- as: service_role
-- expect: 2 affected
insert into public.workflow_execution_logs
  (id, owner_id, workflow_id, trigger_id, payload, created_at, updated_at)
values
  ('5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-00000000000a',
   '5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000b1',
   '{"order": 1}', '2025-01-01', '2025-01-01'),
  ('5ce00000-0000-4000-8000-0000000000c3', '5ce00000-0000-4000-8000-00000000000e',
   '5ce00000-0000-4000-8000-0000000000a3', null, '{}', now(), now());

-- name: an execution notes the version that it runs
-- as: authenticated ada@scenario.example
-- expect: value 1
select workflow_version from public.workflow_execution_logs
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: an organizer reads her own executions
-- as: authenticated ada@scenario.example
-- expect: 1 row
select id from public.workflow_execution_logs
where id in ('5ce00000-0000-4000-8000-0000000000c1', '5ce00000-0000-4000-8000-0000000000c3');

-- name: a visitor may not read executions
-- as: anon
-- expect: error 42501
select id from public.workflow_execution_logs limit 1;

-- name: the same happening starts a workflow once
-- as: authenticated ada@scenario.example
-- expect: error 23505
insert into public.workflow_execution_logs (owner_id, workflow_id, idempotency_key)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1', 'scenario-1'
);

-- name: nobody starts another's workflow in her name
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.workflow_execution_logs (owner_id, workflow_id)
values ('5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1');

-- name: nobody starts another's workflow in the own name
-- as: authenticated eve@scenario.example
-- expect: error 23503
insert into public.workflow_execution_logs (owner_id, workflow_id)
values ('5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000a1');

-- name: not even the server starts a draft
-- as: service_role
-- expect: error 23503
insert into public.workflow_execution_logs (owner_id, workflow_id)
values ('5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a2');

-- name: an execution's trigger is one of its workflow
-- as: service_role
-- expect: error 23503
insert into public.workflow_execution_logs (owner_id, workflow_id, trigger_id)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1',
  '5ce00000-0000-4000-8000-0000000000b3'
);

-- name: an execution starts as pending
-- as: service_role
-- expect: error 23514
insert into public.workflow_execution_logs (owner_id, workflow_id, status)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000a1', 'succeeded'
);

-- name: an organizer does not write results
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.workflow_execution_logs set step_results = '[{"key": "thank"}]'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: an organizer does not run the engine
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.workflow_execution_logs set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: nobody cancels another's execution
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.workflow_execution_logs set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: executions are not deleted by organizers
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.workflow_execution_logs where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: pending does not become succeeded
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: the engine runs it, which is stamped
-- as: service_role
-- expect: value true
update public.workflow_execution_logs set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000c1'
returning started_at = now() and updated_at = now() and finished_at is null;

-- name: a failure says why
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: it fails
-- as: service_role
-- expect: value true
update public.workflow_execution_logs set status = 'failed', error = 'mail server is away'
where id = '5ce00000-0000-4000-8000-0000000000c1'
returning finished_at = now();

-- name: a failed one does not go on
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: a failed one is tried again, which is counted
-- as: service_role
-- expect: value true
update public.workflow_execution_logs set status = 'pending'
where id = '5ce00000-0000-4000-8000-0000000000c1'
returning attempt = 2 and error is null and started_at is null and finished_at is null;

-- name: an organizer cancels what is open
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.workflow_execution_logs set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: what is cancelled is not hers to touch any more
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.workflow_execution_logs set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: cancelled is final
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000c1';

-- name: what happened is an object
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set payload = '[]'
where id = '5ce00000-0000-4000-8000-0000000000c3';

-- name: step results are an array
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set step_results = '{}'
where id = '5ce00000-0000-4000-8000-0000000000c3';

-- name: ten attempts are enough
-- as: service_role
-- expect: error 23514
update public.workflow_execution_logs set attempt = 11
where id = '5ce00000-0000-4000-8000-0000000000c3';

-- name: a trigger goes, the execution it started stays
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.automation_triggers where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the execution has forgotten its trigger only
-- as: authenticated ada@scenario.example
-- expect: value true
select trigger_id is null and workflow_id = '5ce00000-0000-4000-8000-0000000000a1'
from public.workflow_execution_logs where id = '5ce00000-0000-4000-8000-0000000000c1';

-- Indexes: enough rows that the planner chooses them by itself. As the server, because containment
-- is not leakproof: under a policy the tenant's rows are read by owner_id first, then filtered. --

-- name: some hundreds of triggers, workflows and executions
-- as: owner
-- expect: 800 affected
with executions as (
  insert into public.workflow_execution_logs (owner_id, workflow_id, payload, error)
  select '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000a3',
    jsonb_build_object('order', g, 'text', repeat('text ', 50)), 'Scenario generated'
  from generate_series(1, 400) as g
),
workflows as (
  insert into public.automation_workflows (owner_id, name, description, steps)
  select '5ce00000-0000-4000-8000-00000000000e', 'Scenario generated', repeat('text ', 100),
    jsonb_build_array(jsonb_build_object(
      'key', 'call', 'action', 'webhook', 'config', jsonb_build_object('number', g)
    ))
  from generate_series(1, 400) as g
)
insert into public.automation_triggers (owner_id, workflow_id, name, event_type, condition)
select '5ce00000-0000-4000-8000-00000000000e', '5ce00000-0000-4000-8000-0000000000a3',
  'Scenario generated ' || repeat('x', 100), 'seat.taken',
  jsonb_build_object('seat', g, 'row', g % 7)
from generate_series(1, 800) as g;

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.automation_workflows, public.automation_triggers, public.workflow_execution_logs;

-- Leaves are short, so the table is small beside an index whose newest entries are still in its
-- pending list: here the scan is priced out, to see that the index answers.
-- name: a scan of the triggers is priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: the conditions that a payload contains are found through the GIN index on their leaves
-- as: service_role
-- expect: index automation_triggers_condition_terms_active_idx
select id from public.automation_triggers
where is_active
  and condition_terms <@ public.condition_terms('{"seat": 77, "row": 0, "price_cents": 5}');

-- name: a scan of the triggers costs what it costs again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: exactly the trigger for that seat is found
-- as: service_role
-- expect: value {"row": 0, "seat": 77}
select condition
from public.match_automation_triggers(
  'seat.taken', '{"seat": 77, "row": 0, "price_cents": 5}', '5ce00000-0000-4000-8000-00000000000e'
);

-- name: the triggers that look at a seat are found through the GIN index on the condition
-- as: service_role
-- expect: index automation_triggers_condition_idx
select id from public.automation_triggers where condition @> '{"seat": 77}';

-- name: workflows are found by what their steps do, through their GIN index
-- as: service_role
-- expect: index automation_workflows_steps_idx
select id from public.automation_workflows where steps @> '[{"config": {"number": 77}}]';

-- name: executions are found by what happened, through their GIN index
-- as: service_role
-- expect: index workflow_execution_logs_payload_idx
select id from public.workflow_execution_logs where payload @> '{"order": 77}';

-- name: the generated rows go again
-- as: owner
-- expect: 800 affected
with executions as (
  delete from public.workflow_execution_logs
  where workflow_id = '5ce00000-0000-4000-8000-0000000000a3' and error = 'Scenario generated'
),
workflows as (
  delete from public.automation_workflows
  where owner_id = '5ce00000-0000-4000-8000-00000000000e' and name = 'Scenario generated'
)
delete from public.automation_triggers
where workflow_id = '5ce00000-0000-4000-8000-0000000000a3' and name like 'Scenario generated %';

-- Something happens, workflows run, the log tells ------------------------------------------------

-- name: workflow: the server reports a paid order of Ada's event, and one workflow starts
-- as: service_role
-- expect: 1 row
select public.dispatch_automation_event(
  'order.paid', '{"event_id": "5ce00000-0000-4000-8000-0000000000e1", "order": "EO-1"}', 'EO-1',
  '5ce00000-0000-4000-8000-00000000000a'
);

-- name: workflow: the same report again starts nothing
-- as: service_role
-- expect: 0 rows
select public.dispatch_automation_event(
  'order.paid', '{"event_id": "5ce00000-0000-4000-8000-0000000000e1", "order": "EO-1"}', 'EO-1',
  '5ce00000-0000-4000-8000-00000000000a'
);

-- name: workflow: nobody reports what happened at another's event
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select public.dispatch_automation_event(
  'order.paid', '{"event_id": "5ce00000-0000-4000-8000-0000000000e1"}', 'EO-2',
  '5ce00000-0000-4000-8000-00000000000a'
);

-- name: workflow: a visitor reports nothing
-- as: anon
-- expect: error 42501
select public.dispatch_automation_event('order.paid');

-- name: workflow: the execution waits in the log, and its trigger has fired
-- as: authenticated ada@scenario.example
-- expect: value pending All buyers EO-1 t
select concat_ws(' ', x.status, t.name, x.payload ->> 'order', t.last_fired_at = now())
from public.workflow_execution_logs as x
join public.automation_triggers as t on t.id = x.trigger_id
where x.idempotency_key = 'EO-1' and x.workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: workflow: the engine runs the first step
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs
set status = 'running', step_results = '[{"key": "thank", "status": "succeeded"}]'
where idempotency_key = 'EO-1' and workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: workflow: the engine waits
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs set status = 'waiting'
where idempotency_key = 'EO-1' and workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: workflow: the engine goes on
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs
set
  status = 'running',
  step_results = step_results || '[{"key": "ask", "status": "succeeded"}]'::jsonb
where idempotency_key = 'EO-1' and workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: workflow: the engine is through
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs set status = 'succeeded'
where idempotency_key = 'EO-1' and workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: workflow: the organizer reads the whole story
-- as: authenticated ada@scenario.example
-- expect: value succeeded 2 t
select concat_ws(
  ' ', status, jsonb_array_length(step_results), started_at is not null and finished_at is not null
)
from public.workflow_execution_logs
where idempotency_key = 'EO-1' and workflow_id = '5ce00000-0000-4000-8000-0000000000a1';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: sorts are priced out, so that only an index that is in order answers for order by
-- as: owner
-- expect: ok
set local enable_sort = off;

-- name: rows of automation_workflows are looked up by event_id, through their index
-- as: service_role
-- expect: index automation_workflows_event_id_idx
select id from public.automation_workflows
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of automation_workflows are looked up by owner_id, name, the open ones, through their index
-- as: service_role
-- expect: index automation_workflows_owner_id_active_idx
select id from public.automation_workflows
where status = 'active'
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and name = 'Thank the buyer';

-- name: rows of automation_triggers are looked up by owner_id, event_type, the open ones, through their index
-- as: service_role
-- expect: index automation_triggers_owner_id_event_type_active_idx
select id from public.automation_triggers
where is_active
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and event_type = 'order.paid';

-- name: rows of workflow_execution_logs are looked up by owner_id, workflow_id, trigger_id, through their index
-- as: service_role
-- expect: index workflow_execution_logs_owner_id_workflow_id_trigger_id_idx
select id from public.workflow_execution_logs
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and workflow_id = '5ce00000-0000-4000-8000-0000000000d1'
  and trigger_id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: rows of workflow_execution_logs are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index workflow_execution_logs_owner_id_created_at_idx
select id from public.workflow_execution_logs
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of workflow_execution_logs are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index workflow_execution_logs_open_idx
select id from public.workflow_execution_logs
where status in ('pending', 'running', 'waiting')
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

-- access: public.automation_workflows
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     2/3     2/3     2/3
--   authenticated eve@scenario.example  1/3     1/3     1/3     1/3
--   service_role                        all     all     all     all

-- access: public.automation_triggers
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     2/3     2/3     2/3
--   authenticated eve@scenario.example  1/3     1/3     1/3     1/3
--   service_role                        all     all     all     all

-- Ada's are pending, cancelled and succeeded; a user changes open ones only, and only to cancelled,
-- which is shown above: setting a status to what it is says nothing but 42501.
-- access: public.workflow_execution_logs
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  3/4     3/4     none    none
--   authenticated eve@scenario.example  1/4     1/4     none    none
--   service_role                        all     2/4     all     all
