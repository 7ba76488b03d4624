-- Scenario of ai_agents_analytics_memory, and of how sponsors, workflows and agents work together.
-- Self-contained: it makes its own people, events and sponsors, asks for rows by key only, and is
-- rolled back as a whole.

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

-- agent_analytics_activities ---------------------------------------------------------------------

-- name: the server runs the analytics agent for two organizers
-- as: service_role
-- expect: 2 affected
insert into public.agent_analytics_activities
  (id, owner_id, kind, model, input)
values
  ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-00000000000a',
   'forecast', 'scenario-1', '{"ask": "what now"}'),
  ('5ce00000-0000-4000-8000-0000000000a2', '5ce00000-0000-4000-8000-00000000000e',
   'forecast', 'scenario-1', '{"ask": "and I"}');

-- name: an organizer reads her own analytics runs
-- as: authenticated ada@scenario.example
-- expect: value 5ce00000-0000-4000-8000-0000000000a1
select id from public.agent_analytics_activities
where id in ('5ce00000-0000-4000-8000-0000000000a1', '5ce00000-0000-4000-8000-0000000000a2');

-- name: another organizer does not see the analytics run
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_analytics_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a visitor may not read analytics runs
-- as: anon
-- expect: error 42501
select id from public.agent_analytics_activities limit 1;

-- name: organizers do not write analytics runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
insert into public.agent_analytics_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-00000000000a', 'forecast', 'me');

-- name: organizers do not change what a analytics run says
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_analytics_activities set output = '{"say": "yes"}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: organizers do not delete analytics runs
-- as: authenticated ada@scenario.example
-- expect: error 42501
delete from public.agent_analytics_activities where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run is for somebody who exists
-- as: service_role
-- expect: error 23503
insert into public.agent_analytics_activities (owner_id, kind, model)
values ('5ce00000-0000-4000-8000-0000000000ff', 'forecast', 'scenario-1');

-- name: a analytics run is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_analytics_activities set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run belongs to an execution of its owner
-- as: service_role
-- expect: error 23503
update public.agent_analytics_activities set execution_id = '5ce00000-0000-4000-8000-0000000000f2'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run that is queued does not succeed before it runs
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set status = 'succeeded', output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run starts, for an event and an execution of its owner, which is stamped
-- as: service_role
-- expect: value true
update public.agent_analytics_activities
set
  status = 'running',
  event_id = '5ce00000-0000-4000-8000-0000000000e1',
  execution_id = '5ce00000-0000-4000-8000-0000000000f1'
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning started_at = now() and finished_at is null;

-- name: a analytics run does not succeed without output
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set status = 'succeeded'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run does not fail without a reason
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set status = 'failed'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a kind of analytics run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set kind = 'juggling'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run says which model
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set model = ''
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the input of a analytics run is an object
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set input = '[]'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the output of a analytics run is an object
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set output = '"yes"'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a status of a analytics run is one of the list
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set status = 'asleep'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: tokens of a analytics run are not negative
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set input_tokens = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the cost of a analytics run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set cost_microcents = -1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the currency of a analytics run is three capital letters
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set currency = 'usd'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a analytics run is at most 1
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set confidence = 1.5
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: the confidence of a analytics run is not negative
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set confidence = -0.1
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run succeeds, which is stamped, and its cost is rounded up to cents
-- as: service_role
-- expect: value true
update public.agent_analytics_activities
set
  status = 'succeeded',
  output = '{"say": "go on", "number": 1}',
  input_tokens = 1200,
  output_tokens = 80,
  cost_microcents = 2300001,
  confidence = 0.9
where id = '5ce00000-0000-4000-8000-0000000000a1'
returning finished_at = now() and cost_cents = 3;

-- name: what a finished analytics run cost is a record
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set cost_microcents = 0
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: what a finished analytics run said is a record
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set output = '{}'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a finished analytics run does not start again
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set status = 'running'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a analytics run of long ago, for updated_at
-- as: owner
-- expect: 1 affected
insert into public.agent_analytics_activities (id, owner_id, kind, model, updated_at)
values (
  '5ce00000-0000-4000-8000-0000000000a3', '5ce00000-0000-4000-8000-00000000000a', 'forecast',
  'scenario-1', '2025-01-01'
);

-- name: a queued analytics run is cancelled, and updated_at follows
-- as: service_role
-- expect: value true
update public.agent_analytics_activities set status = 'cancelled'
where id = '5ce00000-0000-4000-8000-0000000000a3'
returning updated_at = now() and finished_at = now() and started_at is null;

-- name: a period has both ends
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set period_start = '2031-01-01'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: a period does not end before it starts
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set period_start = '2031-02-01', period_end = '2031-01-01'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- name: metrics are an object
-- as: service_role
-- expect: error 23514
update public.agent_analytics_activities set metrics = '[]'
where id = '5ce00000-0000-4000-8000-0000000000a1';

-- agent_memory -----------------------------------------------------------------------------------

-- name: each kind of agent has run once for Ada
-- as: owner
-- expect: 4 affected
with sales as (
  insert into public.agent_sales_activities (id, owner_id, kind, model)
  values ('5ce00000-0000-4000-8000-000000000091', '5ce00000-0000-4000-8000-00000000000a',
    'lead_research', 'scenario-1')
  returning id
),
marketing as (
  insert into public.agent_marketing_activities (id, owner_id, kind, model)
  values ('5ce00000-0000-4000-8000-000000000092', '5ce00000-0000-4000-8000-00000000000a',
    'copy_draft', 'scenario-1')
  returning id
),
operations as (
  insert into public.agent_operations_activities (id, owner_id, kind, model)
  values ('5ce00000-0000-4000-8000-000000000093', '5ce00000-0000-4000-8000-00000000000a',
    'incident', 'scenario-1')
  returning id
),
support as (
  insert into public.agent_support_activities
    (id, owner_id, kind, model, subject, customer_message)
  values ('5ce00000-0000-4000-8000-000000000094', '5ce00000-0000-4000-8000-00000000000a',
    'answer', 'scenario-1', 'Hi', 'Hi')
  returning id
)
insert into public.automation_triggers (owner_id, workflow_id, name, event_type)
select '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-0000000000d1', run.id::text,
  'agent.done'
from (
  select id from sales union all select id from marketing
  union all select id from operations union all select id from support
) as run;

-- name: an organizer teaches her agents
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.agent_memory
  (id, owner_id, agent, kind, content, metadata, sponsor_id, event_id, importance, embedding,
   embedding_model, updated_at)
values
  ('5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-00000000000a', 'sales',
   'preference', 'Robotics prefers a booth near the entrance', '{"topic": "booth"}',
   '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1', 0.9,
   ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1', '2025-01-01'),
  ('5ce00000-0000-4000-8000-0000000000b2', '5ce00000-0000-4000-8000-00000000000a', 'shared',
   'fact', 'The fair opens at nine', '{"topic": "hours"}', null, null, 0.5,
   ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1', '2025-01-01'),
  ('5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-00000000000a', 'support',
   'fact', 'Booth refunds take ten days', '{}', null, null, 0.6, null, null, '2025-01-01');

-- name: the other organizer's agents know the same vector and words
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.agent_memory (id, owner_id, agent, content, embedding, embedding_model)
values (
  '5ce00000-0000-4000-8000-0000000000b4', '5ce00000-0000-4000-8000-00000000000e', 'sales',
  'Jewels want a booth near the entrance', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector,
  'scenario-1'
);

-- name: an organizer reads her own agents' memory
-- as: authenticated ada@scenario.example
-- expect: 2 rows
select id from public.agent_memory
where id in (
  '5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b2',
  '5ce00000-0000-4000-8000-0000000000b4'
);

-- name: another organizer does not see it
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.agent_memory where owner_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: a visitor may not read memory
-- as: anon
-- expect: error 42501
select id from public.agent_memory limit 1;

-- name: nobody teaches another's agents
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.agent_memory (owner_id, agent, content)
values ('5ce00000-0000-4000-8000-00000000000a', 'shared', 'Eve is the best sponsor');

-- name: nobody corrects another's memory
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.agent_memory set content = 'x'
where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: nobody hands a memory over
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.agent_memory set owner_id = '5ce00000-0000-4000-8000-00000000000e'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: nobody deletes another's memory
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.agent_memory where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: an organizer corrects her agents' memory, and updated_at follows
-- as: authenticated ada@scenario.example
-- expect: value true
update public.agent_memory set content = 'The fair opens at ten'
where id = '5ce00000-0000-4000-8000-0000000000b2'
returning updated_at = now();

-- name: a memory is somebody's
-- as: service_role
-- expect: error 23503
insert into public.agent_memory (owner_id, agent, content)
values ('5ce00000-0000-4000-8000-0000000000ff', 'sales', 'Lost');

-- name: a memory is about a sponsor of its owner
-- as: service_role
-- expect: error 23503
update public.agent_memory set sponsor_id = '5ce00000-0000-4000-8000-000000000053'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory is about an event of its owner
-- as: service_role
-- expect: error 23503
update public.agent_memory set event_id = '5ce00000-0000-4000-8000-0000000000e2'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory was learned in a run that exists
-- as: service_role
-- expect: error 23503
update public.agent_memory
set source_agent = 'sales', source_activity_id = '5ce00000-0000-4000-8000-0000000000ff'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory was learned in a run of its owner
-- as: service_role
-- expect: error 23503
update public.agent_memory
set source_agent = 'analytics', source_activity_id = '5ce00000-0000-4000-8000-0000000000a2'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory may come from a run of the sales agent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_memory
set source_agent = 'sales', source_activity_id = '5ce00000-0000-4000-8000-000000000091'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory may come from a run of the marketing agent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_memory
set source_agent = 'marketing', source_activity_id = '5ce00000-0000-4000-8000-000000000092'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory may come from a run of the operations agent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_memory
set source_agent = 'operations', source_activity_id = '5ce00000-0000-4000-8000-000000000093'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory may come from a run of the support agent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_memory
set source_agent = 'support', source_activity_id = '5ce00000-0000-4000-8000-000000000094'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory may come from a run of the analytics agent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.agent_memory
set source_agent = 'analytics', source_activity_id = '5ce00000-0000-4000-8000-0000000000a1'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a source is an agent and a run
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set source_agent = null
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a source is one of the agents
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set source_agent = 'oracle'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: an agent is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set agent = 'oracle'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a kind of memory is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set kind = 'dream'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory says something
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set content = ' '
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: metadata is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set metadata = '[]'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: importance is at most 1
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set importance = 1.01
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: a memory does not expire before it is made
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set expires_at = '2020-01-01'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: recalls are not negative
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set recall_count = -1
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: an embedding says which model made it
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.agent_memory set embedding_model = null
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- name: an embedding has 1536 dimensions
-- as: authenticated ada@scenario.example
-- expect: error 22000
update public.agent_memory set embedding = '[1,2]'
where id = '5ce00000-0000-4000-8000-0000000000b2';

-- public.recall_agent_memory ---------------------------------------------------------------------

-- name: by meaning and by words, the own memory only, best first
-- as: authenticated ada@scenario.example
-- expect: value 'Robotics prefers a booth near the entrance|Booth refunds take ten days|The fair opens at ten'
select string_agg(content, '|' order by score desc)
from public.recall_agent_memory('booth', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- name: what both searches find scores as the sum of both, weighed by importance
-- as: authenticated ada@scenario.example
-- expect: value true
select round(score::numeric, 6) = round((1 / 61.0 + 1 / 61.0) * (1 + 0.2 * 0.9), 6)
  and round(similarity::numeric, 6) = 1
from public.recall_agent_memory(
  'booth entrance', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector, match_count => 1
);

-- name: an agent recalls its own memory and what is shared, not the other agents'
-- as: authenticated ada@scenario.example
-- expect: value 'Robotics prefers a booth near the entrance|The fair opens at ten'
select string_agg(content, '|' order by score desc)
from public.recall_agent_memory('booth', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector, 'sales');

-- name: a recall without a vector goes by words
-- as: authenticated ada@scenario.example
-- expect: value Booth refunds take ten days
select content from public.recall_agent_memory('refunds', null);

-- name: a recall without words goes by meaning
-- as: authenticated ada@scenario.example
-- expect: value The fair opens at ten
select content
from public.recall_agent_memory(
  null, ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector, match_count => 1, importance_weight => 0
);

-- name: of two that are about as near, the more important one comes first
-- as: authenticated ada@scenario.example
-- expect: value Robotics prefers a booth near the entrance
select content
from public.recall_agent_memory(
  null, ('[0.7,0.71' || repeat(',0', 1534) || ']')::extensions.vector, match_count => 1
);

-- name: a recall about a sponsor leaves the rest out
-- as: authenticated ada@scenario.example
-- expect: value Robotics prefers a booth near the entrance
select content
from public.recall_agent_memory(
  'booth', ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector,
  about_sponsor => '5ce00000-0000-4000-8000-000000000051'
);

-- name: naming another organizer recalls nothing
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.recall_agent_memory(
  'booth', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector,
  for_owner => '5ce00000-0000-4000-8000-00000000000a'
);

-- name: the server recalls nothing unless it says for whom
-- as: service_role
-- expect: 0 rows
select id
from public.recall_agent_memory('booth', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- name: the server recalls one tenant's memory when it says for whom
-- as: service_role
-- expect: value Jewels want a booth near the entrance
select content from public.recall_agent_memory(
  'booth', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector,
  for_owner => '5ce00000-0000-4000-8000-00000000000e'
);

-- name: a visitor may not recall
-- as: anon
-- expect: error 42501
select id from public.recall_agent_memory('booth', null);

-- name: a memory that is of use is touched
-- as: service_role
-- expect: value 1
select public.touch_agent_memory(array['5ce00000-0000-4000-8000-0000000000b1']::uuid[]);

-- name: the touch is counted
-- as: authenticated ada@scenario.example
-- expect: value true
select recall_count = 1 and recalled_at = now()
from public.agent_memory where id = '5ce00000-0000-4000-8000-0000000000b1';

-- name: users do not touch memory
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.touch_agent_memory(array['5ce00000-0000-4000-8000-0000000000b1']::uuid[]);

-- name: a memory of long ago has expired
-- as: owner
-- expect: 1 affected
insert into public.agent_memory (id, owner_id, agent, content, created_at, expires_at)
values (
  '5ce00000-0000-4000-8000-0000000000b5', '5ce00000-0000-4000-8000-00000000000a', 'shared',
  'Refunds were free last year', '2025-01-01', '2025-02-01'
);

-- name: what has expired is not recalled
-- as: authenticated ada@scenario.example
-- expect: value Booth refunds take ten days
select content from public.recall_agent_memory('refunds', null);

-- name: users do not run the forgetting
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.forget_expired_agent_memory();

-- name: the server forgets what has expired
-- as: service_role
-- expect: value true
select public.forget_expired_agent_memory(10000) >= 1;

-- name: the expired memory is gone, the others are not
-- as: owner
-- expect: value 3
select count(*) from public.agent_memory
where id in (
  '5ce00000-0000-4000-8000-0000000000b1', '5ce00000-0000-4000-8000-0000000000b2',
  '5ce00000-0000-4000-8000-0000000000b3', '5ce00000-0000-4000-8000-0000000000b5'
);

-- Indexes: enough rows that the planner chooses them by itself. As the server, because containment
-- is not leakproof: under a policy the tenant's rows are read by owner_id first, then filtered. --

-- name: some hundreds of analytics runs
-- as: owner
-- expect: 500 affected
insert into public.agent_analytics_activities
  (owner_id, kind, model, status, output, input, metrics)
select '5ce00000-0000-4000-8000-00000000000e', 'forecast',
  'Scenario generated', 'succeeded', jsonb_build_object('number', g),
  jsonb_build_object('text', repeat('long text ', 60)), jsonb_build_object('revenue', g)
from generate_series(1, 500) as g;

-- name: the planner is told about the analytics runs
-- as: owner
-- expect: ok
analyze public.agent_analytics_activities;

-- name: outputs of analytics runs are found through their GIN index
-- as: service_role
-- expect: index agent_analytics_activities_output_idx
select id from public.agent_analytics_activities where output @> '{"number": 77}';

-- name: exactly one generated analytics run has the output asked for
-- as: service_role
-- expect: 1 row
select id from public.agent_analytics_activities
where output @> '{"number": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000e';

-- name: metrics are found through their GIN index
-- as: service_role
-- expect: index agent_analytics_activities_metrics_idx
select id from public.agent_analytics_activities where metrics @> '{"revenue": 77}';

-- name: the generated analytics runs go again
-- as: owner
-- expect: 500 affected
delete from public.agent_analytics_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000e' and model = 'Scenario generated';

-- name: some hundreds of memories, some with an embedding, each a little further away than the last
-- as: owner
-- expect: 800 affected
insert into public.agent_memory
  (owner_id, agent, kind, content, metadata, embedding, embedding_model)
select
  '5ce00000-0000-4000-8000-00000000000e',
  'analytics',
  'episode',
  'Generated word' || g,
  jsonb_build_object('number', g, 'text', repeat('x', 1500)),
  case when g % 16 = 0 then (
    array[cos(g * 0.0019), sin(g * 0.0019)] || array_fill(0::float8, array[1534])
  )::extensions.vector end,
  case when g % 16 = 0 then 'scenario-1' end
from generate_series(1, 800) as g;

-- name: the planner is told about the memories
-- as: owner
-- expect: ok
analyze public.agent_memory;

-- How many memories there will be decides whether a scan is cheaper; here it is priced out.
-- name: a scan of the memories is priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: and so is sorting them
-- as: owner
-- expect: ok
set local enable_sort = off;

-- name: the nearest memories are found through the HNSW index, under the policies
-- as: authenticated eve@scenario.example
-- expect: index agent_memory_embedding_idx
select id
from public.agent_memory
order by embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector
limit 5;

-- Vectors that were rolled back stay in the graph until a vacuum, and a plain scan stops among them.
-- name: the search goes on past vectors that nobody may see, as recall_agent_memory does
-- as: owner
-- expect: ok
set local hnsw.iterative_scan = strict_order;

-- Adding zero to the distance keeps the planner from the index, which makes the scan exact.
-- name: at least 19 of the 20 nearest memories are as near as those of an exact scan
-- as: authenticated eve@scenario.example
-- expect: value true
select count(*) >= 19
from (
  select m.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector as distance
  from public.agent_memory as m
  order by m.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector
  limit 20
) as found
where found.distance <= (
  select max(exact.distance) + 0.000001
  from (
    select
      (m.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector)
        + 0 as distance
    from public.agent_memory as m
    where m.embedding is not null
    order by distance
    limit 20
  ) as exact
);

-- name: a scan of the memories costs what it costs again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: and so does sorting them
-- as: owner
-- expect: ok
set local enable_sort = on;

-- name: words are found through the full-text index
-- as: service_role
-- expect: index agent_memory_search_idx
select id from public.agent_memory
where search @@ websearch_to_tsquery('english', 'word77');

-- name: metadata is found through its GIN index
-- as: service_role
-- expect: index agent_memory_metadata_idx
select id from public.agent_memory where metadata @> '{"number": 77}';

-- name: the generated memories go again
-- as: owner
-- expect: 800 affected
delete from public.agent_memory
where owner_id = '5ce00000-0000-4000-8000-00000000000e' and content like 'Generated word%';

-- Sponsors, workflows and agents together --------------------------------------------------------
-- Ada's workflow "Win back" starts when a proposal is declined: the sales agent looks at the sponsor,
-- what it learned is remembered, and the next run recalls it. A lead score and a follow-up come of it.

-- name: workflow: an organizer automates what follows a declined proposal
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.automation_workflows (id, owner_id, event_id, name, steps, status)
values (
  '5ce00000-0000-4000-8000-000000000081', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-0000000000e1', 'Win back',
  '[{"key": "look", "action": "run_agent", "config": {"agent": "sales"}}]', 'active'
);

-- name: workflow: it starts for gold proposals
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.automation_triggers (owner_id, workflow_id, name, event_type, condition)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000081',
  'Gold declined', 'proposal.declined', '{"tier": "gold"}'
);

-- name: workflow: a proposal is drafted
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.sponsor_proposals
  (id, owner_id, sponsor_id, event_id, title, tier, amount_cents)
values (
  '5ce00000-0000-4000-8000-000000000082', '5ce00000-0000-4000-8000-00000000000a',
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-0000000000e1',
  'Gold', 'gold', 500000
);

-- name: workflow: the proposal is sent
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'sent'
where id = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: the sponsor declines
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsor_proposals set status = 'declined', decline_reason = 'Too expensive'
where id = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: the server reports it, and the workflow starts
-- as: service_role
-- expect: 1 row
select public.dispatch_automation_event(
  'proposal.declined', jsonb_build_object('event_id', p.event_id, 'tier', p.tier, 'proposal', p.id),
  p.id::text, p.owner_id
)
from public.sponsor_proposals as p
where p.id = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: the engine takes the execution
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs set status = 'running'
where workflow_id = '5ce00000-0000-4000-8000-000000000081'
  and idempotency_key = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: the sales agent runs for that execution, about that sponsor
-- as: service_role
-- expect: 1 affected
insert into public.agent_sales_activities
  (id, owner_id, event_id, execution_id, sponsor_id, kind, model, status, input, output,
   input_tokens, output_tokens, cost_microcents, confidence)
select '5ce00000-0000-4000-8000-000000000083', x.owner_id, p.event_id, x.id, p.sponsor_id,
  'negotiation_advice', 'scenario-1', 'succeeded', x.payload,
  '{"advice": "offer silver", "score": 35}', 900, 60, 1500000, 0.8
from public.workflow_execution_logs as x
join public.sponsor_proposals as p on p.id::text = x.payload ->> 'proposal'
where x.workflow_id = '5ce00000-0000-4000-8000-000000000081';

-- name: workflow: the engine notes the result
-- as: service_role
-- expect: 1 affected
update public.workflow_execution_logs
set status = 'succeeded', step_results = '[{"key": "look", "status": "succeeded"}]'
where workflow_id = '5ce00000-0000-4000-8000-000000000081'
  and idempotency_key = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: the agent remembers what it learned, and where
-- as: service_role
-- expect: 1 affected
insert into public.agent_memory
  (id, owner_id, agent, kind, content, sponsor_id, source_agent, source_activity_id, importance,
   embedding, embedding_model)
select '5ce00000-0000-4000-8000-000000000084', a.owner_id, 'sales', 'episode',
  'Robotics declined gold as too expensive; offer silver', a.sponsor_id, 'sales', a.id, 0.8,
  ('[0.8,0.6' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1'
from public.agent_sales_activities as a
where a.id = '5ce00000-0000-4000-8000-000000000083';

-- name: workflow: the next run recalls it
-- as: service_role
-- expect: value 5ce00000-0000-4000-8000-000000000084
select id from public.recall_agent_memory(
  'declined expensive', ('[0.8,0.6' || repeat(',0', 1534) || ']')::extensions.vector, 'sales', 1,
  for_owner => '5ce00000-0000-4000-8000-00000000000a'
);

-- name: workflow: another organizer's agent does not
-- as: service_role
-- expect: 0 rows
select id from public.recall_agent_memory(
  'declined', null, 'sales', for_owner => '5ce00000-0000-4000-8000-00000000000e'
);

-- name: workflow: the agent scores the lead
-- as: service_role
-- expect: 1 affected
insert into public.sponsor_lead_scores
  (owner_id, sponsor_id, event_id, score, factors, scored_by)
select a.owner_id, a.sponsor_id, a.event_id, (a.output ->> 'score')::smallint, a.output, 'agent'
from public.agent_sales_activities as a
where a.id = '5ce00000-0000-4000-8000-000000000083';

-- name: workflow: the organizer plans a follow-up
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.follow_up_sequences (owner_id, sponsor_id, event_id, name, steps)
values (
  '5ce00000-0000-4000-8000-00000000000a', '5ce00000-0000-4000-8000-000000000051',
  '5ce00000-0000-4000-8000-0000000000e1', 'Offer silver', '[{"channel": "call", "after_days": 7}]'
);

-- name: workflow: the organizer sees the whole story in one query
-- as: authenticated ada@scenario.example
-- expect: value declined|Win back|succeeded|offer silver|2|35|Offer silver|2
select concat_ws(
  '|', p.status, w.name, x.status, a.output ->> 'advice', a.cost_cents, l.score, f.name,
  (select count(*) from public.sponsor_activities as c where c.sponsor_id = p.sponsor_id)
)
from public.sponsor_proposals as p
join public.workflow_execution_logs as x on x.idempotency_key = p.id::text
join public.automation_workflows as w on w.id = x.workflow_id
join public.agent_sales_activities as a on a.execution_id = x.id
join public.agent_memory as m on m.source_activity_id = a.id
join public.sponsor_lead_scores as l on l.sponsor_id = p.sponsor_id and l.is_current
join public.follow_up_sequences as f on f.sponsor_id = p.sponsor_id
where p.id = '5ce00000-0000-4000-8000-000000000082';

-- name: workflow: another organizer sees nothing of it
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select p.id
from public.sponsor_proposals as p
join public.workflow_execution_logs as x on x.idempotency_key = p.id::text
where p.id = '5ce00000-0000-4000-8000-000000000082';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: sorts are priced out, so that only an index that is in order answers for order by
-- as: owner
-- expect: ok
set local enable_sort = off;

-- name: rows of agent_analytics_activities are looked up by owner_id, created_at, through their index
-- as: service_role
-- expect: index agent_analytics_activities_owner_id_created_at_idx
select id from public.agent_analytics_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a' and created_at > now() - interval '1 day'
order by created_at desc
limit 20;

-- name: rows of agent_analytics_activities are looked up by owner_id, execution_id, through their index
-- as: service_role
-- expect: index agent_analytics_activities_owner_id_execution_id_idx
select id from public.agent_analytics_activities
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and execution_id = '5ce00000-0000-4000-8000-0000000000f1';

-- name: rows of agent_analytics_activities are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_analytics_activities_event_id_idx
select id from public.agent_analytics_activities
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_analytics_activities are looked up by created_at, the open ones, through their index
-- as: service_role
-- expect: index agent_analytics_activities_open_idx
select id from public.agent_analytics_activities
where status in ('queued', 'running')
order by created_at
limit 20;

-- name: rows of agent_memory are looked up by owner_id, agent, importance, through their index
-- as: service_role
-- expect: index agent_memory_owner_id_agent_importance_idx
select id from public.agent_memory
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and agent = 'sales'
order by importance desc
limit 20;

-- name: rows of agent_memory are looked up by owner_id, sponsor_id, through their index
-- as: service_role
-- expect: index agent_memory_owner_id_sponsor_id_idx
select id from public.agent_memory
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and sponsor_id = '5ce00000-0000-4000-8000-000000000051';

-- name: rows of agent_memory are looked up by event_id, through their index
-- as: service_role
-- expect: index agent_memory_event_id_idx
select id from public.agent_memory
where event_id = '5ce00000-0000-4000-8000-0000000000e1';

-- name: rows of agent_memory are looked up by expires_at, the open ones, through their index
-- as: service_role
-- expect: index agent_memory_expires_at_idx
select id from public.agent_memory
where expires_at is not null
  and expires_at <= now();

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: sorts cost what they cost again
-- as: owner
-- expect: ok
set local enable_sort = on;

-- Organizers read what was done for them; only the server writes.
-- access: public.agent_analytics_activities
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     none    none    none
--   authenticated eve@scenario.example  1/3     none    none    none
--   service_role                        all     all     all     all

-- access: public.agent_memory
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  4/5     4/5     4/5     4/5
--   authenticated eve@scenario.example  1/5     1/5     1/5     1/5
--   service_role                        all     all     all     all
