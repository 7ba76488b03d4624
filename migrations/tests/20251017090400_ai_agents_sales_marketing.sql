-- Scenario of ai_agents_sales_marketing. Self-contained: it makes its own people, events, sponsors
-- and campaigns, asks for rows by key only, and is rolled back as a whole.

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

-- name: each organizer has a campaign
-- as: owner
-- expect: 2 affected
insert into public.marketing_campaigns (id, event_id, name, channel)
values
  ('5ce00000-0000-4000-8000-000000000071', '5ce00000-0000-4000-8000-0000000000e1', 'Fair', 'social'),
  ('5ce00000-0000-4000-8000-000000000072', '5ce00000-0000-4000-8000-0000000000e2', 'Gala', 'social');

-- agent_sales_activities -------------------------------------------------------------------------

-- name: the server runs the sales agent for two organizers
-- as: service_role
-- expect: 2 affected
insert into public.agent_sales_activities
  (id, owner_id, kind, model, input)
values
  ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-00000000000a',
   'lead_research', 'scenario-1', '{"ask": "what now"}'),
  ('5ce00000-0000-4000-8000-0000000000a2', '5ce00000-0000-4000-8000-00000000000e',
   'lead_research', 'scenario-1', '{"ask": "and I"}');

-- name: an organizer reads her own sales runs
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000a1
select id from public.agent_sales_activities
where id in ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000a2');

-- name: another organizer does not see the sales run
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_sales_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a visitor may not read sales runs
-- as: anon
-- expect: error 42501
select id from public.agent_sales_activities limit 1;

-- name: organizers do not write sales runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.agent_sales_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-00000000000a', 'lead_research', 'me');

-- name: organizers do not change what a sales run says
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_sales_activities set output = '{"say": "yes"}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: organizers do not delete sales runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.agent_sales_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run is for somebody who exists
-- as: service_role
-- expect: error 23503
insert into public.agent_sales_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-0000000000ff', 'lead_research', 'scenario-1');

-- name: a sales run is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_sales_activities set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run belongs to an execution of its owner
-- as: service_role
-- expect: error 23503
update public.agent_sales_activities set execution_id = '5ce00000-0000-4000-8000-0000000000f2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run that is queued does not succeed before it runs
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set status = 'succeeded', output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run starts, for an event and an execution of its owner, which is stamped
-- as: service_role
-- expect: value true
update public.agent_sales_activities
set
  status = 'running',
  event_id = '5ce00000-0000-4000-8000-0000000000e1',
  execution_id = '5ce00000-0000-4000-8000-0000000000f1'
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning started_at = now() and finished_at is null;

-- name: a sales run does not succeed without output
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run does not fail without a reason
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a kind of sales run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set kind = 'juggling'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run says which model
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set model = ''
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the input of a sales run is an object
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set input = '[]'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the output of a sales run is an object
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set output = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a status of a sales run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set status = 'asleep'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: tokens of a sales run are not negative
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set input_tokens = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the cost of a sales run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set cost_microcents = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the currency of a sales run is three capital letters
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set currency = 'usd'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a sales run is at most 1
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set confidence = 1.5
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a sales run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set confidence = -0.1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run succeeds, which is stamped, and its cost is rounded up to cents
-- as: service_role
-- expect: value true
update public.agent_sales_activities
set
  status = 'succeeded',
  output = '{"say": "go on", "number": 1}',
  input_tokens = 1200,
  output_tokens = 80,
  cost_microcents = 2300001,
  confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning finished_at = now() and cost_cents = 3;

-- name: what a finished sales run cost is a record
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set cost_microcents = 0
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: what a finished sales run said is a record
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a finished sales run does not start again
-- as: service_role
-- expect: error 23514
update public.agent_sales_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.agent_sales_activities (id, owner_id, kind, model, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000a3', '5ce00000-0000-4000-8000-00000000000a', 'lead_research',
  'scenario-1', '2025-01-01'
);

-- name: a queued sales run is cancelled, and updated_at follows
-- as: service_role
-- expect: value true
update public.agent_sales_activities set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000a3'
returning updated_at = now() and finished_at = now() and started_at is null;

-- name: a sales run is about a sponsor of its owner
-- as: service_role
-- expect: error 23503
update public.agent_sales_activities set sponsor_id = '5ce00000-0000-4000-8000-000000000053'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a sales run is about a sponsor
-- as: service_role
-- expect: 1 affected
update public.agent_sales_activities set sponsor_id = '5ce00000-0000-4000-8000-000000000052'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the sponsor is deleted
-- as: owner
-- expect: 1 affected
delete from public.sponsors where id = '5ce00000-0000-4000-8000-000000000052';

-- name: the sales run stays, and has forgotten its sponsor only
-- as: authenticated ada@scenario.example
-- expect: value true
select sponsor_id is null and owner_id is not null
from public.agent_sales_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: it turns to Ada's first sponsor
-- as: service_role
-- expect: 1 affected
update public.agent_sales_activities set sponsor_id = '5ce00000-0000-4000-8000-000000000051'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- agent_marketing_activities ---------------------------------------------------------------------

-- name: the server runs the marketing agent for two organizers
-- as: service_role
-- expect: 2 affected
insert into public.agent_marketing_activities
  (id, owner_id, kind, model, input)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a',
   'copy_draft', 'scenario-1', '{"ask": "what now"}'),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000e',
   'copy_draft', 'scenario-1', '{"ask": "and I"}');

-- name: an organizer reads her own marketing runs
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000b1
select id from public.agent_marketing_activities
where id in ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b2');

-- name: another organizer does not see the marketing run
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_marketing_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a visitor may not read marketing runs
-- as: anon
-- expect: error 42501
select id from public.agent_marketing_activities limit 1;

-- name: organizers do not write marketing runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.agent_marketing_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-00000000000a', 'copy_draft', 'me');

-- name: organizers do not change what a marketing run says
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_marketing_activities set output = '{"say": "yes"}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: organizers do not delete marketing runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.agent_marketing_activities where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run is for somebody who exists
-- as: service_role
-- expect: error 23503
insert into public.agent_marketing_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-0000000000ff', 'copy_draft', 'scenario-1');

-- name: a marketing run is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_marketing_activities set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run belongs to an execution of its owner
-- as: service_role
-- expect: error 23503
update public.agent_marketing_activities set execution_id = '5ce00000-0000-4000-8000-0000000000f2'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run that is queued does not succeed before it runs
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set status = 'succeeded', output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run starts, for an event and an execution of its owner, which is stamped
-- as: service_role
-- expect: value true
update public.agent_marketing_activities
set
  status = 'running',
  event_id = '5ce00000-0000-4000-8000-0000000000e1',
  execution_id = '5ce00000-0000-4000-8000-0000000000f1'
where id = '5ce00000-0000-4000-8000-0000000000b1'
returning started_at = now() and finished_at is null;

-- name: a marketing run does not succeed without output
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run does not fail without a reason
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a kind of marketing run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set kind = 'juggling'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run says which model
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set model = ''
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the input of a marketing run is an object
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set input = '[]'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the output of a marketing run is an object
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set output = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a status of a marketing run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set status = 'asleep'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: tokens of a marketing run are not negative
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set input_tokens = -1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the cost of a marketing run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set cost_microcents = -1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the currency of a marketing run is three capital letters
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set currency = 'usd'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the confidence of a marketing run is at most 1
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set confidence = 1.5
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: the confidence of a marketing run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set confidence = -0.1
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run succeeds, which is stamped, and its cost is rounded up to cents
-- as: service_role
-- expect: value true
update public.agent_marketing_activities
set
  status = 'succeeded',
  output = '{"say": "go on", "number": 1}',
  input_tokens = 1200,
  output_tokens = 80,
  cost_microcents = 2300001,
  confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000b1'
returning finished_at = now() and cost_cents = 3;

-- name: what a finished marketing run cost is a record
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set cost_microcents = 0
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: what a finished marketing run said is a record
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a finished marketing run does not start again
-- as: service_role
-- expect: error 23514
update public.agent_marketing_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.agent_marketing_activities (id, owner_id, kind, model, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-00000000000a', 'copy_draft',
  'scenario-1', '2025-01-01'
);

-- name: a queued marketing run is cancelled, and updated_at follows
-- as: service_role
-- expect: value true
update public.agent_marketing_activities set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000b3'
returning updated_at = now() and finished_at = now() and started_at is null;

-- name: a marketing run is about a campaign of its owner
-- as: service_role
-- expect: error 23503
update public.agent_marketing_activities set campaign_id = '5ce00000-0000-4000-8000-000000000072'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run is about a campaign that exists
-- as: service_role
-- expect: error 23503
update public.agent_marketing_activities set campaign_id = '5ce00000-0000-4000-8000-0000000000ff'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: a marketing run is about a campaign
-- as: service_role
-- expect: 1 affected
update public.agent_marketing_activities set campaign_id = '5ce00000-0000-4000-8000-000000000071'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- Indexes: enough rows that the planner chooses them by itself. As the server, because containment
-- is not leakproof: under a policy the tenant's rows are read by owner_id first, then filtered. --

-- name: some hundreds of sales runs
-- as: owner
-- expect: 500 affected
insert into public.agent_sales_activities (owner_id, kind, model, status, output, input)
select '5ce00000-0000-4000-8000-00000000000e', 'lead_research',
  'Scenario generated', 'succeeded', jsonb_build_object('number', g),
  jsonb_build_object('text', repeat('long text ', 60))
from generate_series(1, 500) as g;

-- name: the planner is told about the sales runs
-- as: owner
-- expect: ok
analyze public.agent_sales_activities;

-- name: outputs of sales runs are found through their GIN index
-- as: service_role
-- expect: index agent_sales_activities_output_idx
select id from public.agent_sales_activities where output @> '{"number": 77}';

-- name: exactly one generated sales run has the output asked for
-- as: service_role
-- expect: 1 row
select id from public.agent_sales_activities
where output @> '{"number": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000e';

-- name: the generated sales runs go again
-- as: owner
-- expect: 500 affected
delete from public.agent_sales_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000e' and model = 'Scenario generated';

-- name: some hundreds of marketing runs
-- as: owner
-- expect: 500 affected
insert into public.agent_marketing_activities (owner_id, kind, model, status, output, input)
select '5ce00000-0000-4000-8000-00000000000e', 'copy_draft',
  'Scenario generated', 'succeeded', jsonb_build_object('number', g),
  jsonb_build_object('text', repeat('long text ', 60))
from generate_series(1, 500) as g;

-- name: the planner is told about the marketing runs
-- as: owner
-- expect: ok
analyze public.agent_marketing_activities;

-- name: outputs of marketing runs are found through their GIN index
-- as: service_role
-- expect: index agent_marketing_activities_output_idx
select id from public.agent_marketing_activities where output @> '{"number": 77}';

-- name: exactly one generated marketing run has the output asked for
-- as: service_role
-- expect: 1 row
select id from public.agent_marketing_activities
where output @> '{"number": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000e';

-- name: the generated marketing runs go again
-- as: owner
-- expect: 500 affected
delete from public.agent_marketing_activities
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

-- name: rows of agent_sales_activities are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index agent_sales_activities_owner_id_created_at_idx
select id from public.agent_sales_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of agent_sales_activities are looked up by owner_id, sponsor_id, through their index
-- as: service_role
-- expect: index agent_sales_activities_owner_id_sponsor_id_idx
select id from public.agent_sales_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: rows of agent_sales_activities are looked up by owner_id, execution_id, through their index
-- as: service_role
-- expect: index agent_sales_activities_owner_id_execution_id_idx
select id from public.agent_sales_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and execution_id = '5ce00000-0000-4000-8000-0000000000f1';

-- name: rows of agent_sales_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_sales_activities_event_id_idx
select id from public.agent_sales_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_sales_activities are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index agent_sales_activities_open_idx
select id from public.agent_sales_activities
where status in ('queued', 'running')
order by created_at
limit 20;

-- name: rows of agent_marketing_activities are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index agent_marketing_activities_owner_id_created_at_idx
select id from public.agent_marketing_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of agent_marketing_activities are looked up by campaign_id, through their index
-- as: service_role
-- expect: index agent_marketing_activities_campaign_id_idx
select id from public.agent_marketing_activities
where campaign_id = '5ce00000-0000-4000-8000-000000000071';

-- name: rows of agent_marketing_activities are looked up by owner_id, execution_id, through their index
-- as: service_role
-- expect: index agent_marketing_activities_owner_id_execution_id_idx
select id from public.agent_marketing_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and execution_id = '5ce00000-0000-4000-8000-0000000000f1';

-- name: rows of agent_marketing_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_marketing_activities_event_id_idx
select id from public.agent_marketing_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_marketing_activities are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index agent_marketing_activities_open_idx
select id from public.agent_marketing_activities
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

-- Organizers read what was done for them; only the server writes.
-- access: public.agent_sales_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     none    none    none
--   authenticated eve@scenario.example  1/3     none    none    none
--   service_role                        all     all     all     all

-- access: public.agent_marketing_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     none    none    none
--   authenticated eve@scenario.example  1/3     none    none    none
--   service_role                        all     all     all     all
