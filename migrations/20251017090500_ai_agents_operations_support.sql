-- ai_agents_operations_support
--
-- Purpose:  what the operations and the support agent did: runs as in the sales table; alerts that
--           wait for a person; support conversations with full-text search, and their escalation
--           to a person, by hand or when the agent is unsure.
-- Objects:  tables public.agent_operations_activities, agent_support_activities; functions
--           private.guard_support_escalation(),
--           public.search_support_conversations(text, integer, uuid).
-- Locks:    share row exclusive on public.profiles, venues, events and workflow_execution_logs
--           until the transaction ends (foreign keys): writes to them wait. Nothing existing is
--           scanned or rewritten.
-- Rollback: rollback/20251017090500_ai_agents_operations_support.sql (drops the two tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017090100_sponsor_engagement,
--           20251017090300_automation_workflows, 20251017090400_ai_agents_sales_marketing
--           (private.guard_agent_run()).
--
-- Who may do what: service_role runs the agents and writes the rows. Organizers read theirs, settle
-- alerts and escalate, assign and resolve conversations. A person whom a conversation was assigned
-- to reads and resolves that one, without being let into anything else of the organizer's.
-- Customers get answers through their channel, never from this table: it tells cost and doubt.

-- ---------------------------------------------------------------------------------------------
-- agent_operations_activities
-- ---------------------------------------------------------------------------------------------

create table public.agent_operations_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  execution_id uuid,
  venue_id uuid references public.venues (id) on delete set null,
  severity text not null default 'info',
  needs_action boolean not null default false,
  settled_at timestamptz,
  settled_note text,
  kind text not null,
  model text not null,
  status text not null default 'queued',
  input jsonb not null default '{}',
  output jsonb,
  error text,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cost_microcents bigint not null default 0,
  cost_cents bigint not null generated always as ((cost_microcents + 999999) / 1000000) stored,
  currency text not null default 'USD',
  confidence numeric(4, 3),
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_operations_activities_execution_fkey foreign key (owner_id, execution_id)
    references public.workflow_execution_logs (owner_id, id) on delete set null (execution_id),
  constraint agent_operations_activities_kind_check check (
    kind in (
      'capacity_check', 'staffing_plan', 'vendor_message', 'schedule_check', 'check_in_watch',
      'incident'
    )
  ),
  constraint agent_operations_activities_model_check check (length(btrim(model)) between 1 and 100),
  constraint agent_operations_activities_status_check check (
    status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')
  ),
  constraint agent_operations_activities_input_check check (jsonb_typeof(input) = 'object'),
  constraint agent_operations_activities_output_check check (
    jsonb_typeof(output) = 'object' and (status <> 'succeeded' or output is not null)
  ),
  constraint agent_operations_activities_error_check check (status <> 'failed' or error is not null),
  constraint agent_operations_activities_tokens_check check (
    input_tokens >= 0 and output_tokens >= 0
  ),
  constraint agent_operations_activities_cost_check check (cost_microcents >= 0),
  constraint agent_operations_activities_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint agent_operations_activities_confidence_check check (confidence between 0 and 1),
  constraint agent_operations_activities_severity_check check (
    severity in ('info', 'warning', 'critical')
  ),
  constraint agent_operations_activities_settled_check check (
    (settled_at is null or needs_action) and (settled_note is null or settled_at is not null)
  ),
  constraint agent_operations_activities_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  )
);

comment on table public.agent_operations_activities is
  'One run of the operations agent for an organizer; some need a person to act.';
comment on column public.agent_operations_activities.execution_id is
  'The workflow execution that asked for the run; null when a person or a schedule did.';
comment on column public.agent_operations_activities.venue_id is
  'The venue it was about; organizers also use venues of others.';
comment on column public.agent_operations_activities.settled_at is
  'When a person settled what needed action.';
comment on column public.agent_operations_activities.cost_microcents is
  'What the run cost, in millionths of a cent: most runs cost less than one. Add these up.';
comment on column public.agent_operations_activities.cost_cents is
  'The same in cents, rounded up, for display.';
comment on column public.agent_operations_activities.confidence is
  'How sure the agent was of its output, 0 to 1.';

create index agent_operations_activities_owner_id_created_at_idx
  on public.agent_operations_activities (owner_id, created_at desc);
create index agent_operations_activities_owner_id_unsettled_idx
  on public.agent_operations_activities (owner_id, severity)
  where needs_action and settled_at is null;
create index agent_operations_activities_venue_id_idx
  on public.agent_operations_activities (venue_id);
create index agent_operations_activities_owner_id_execution_id_idx
  on public.agent_operations_activities (owner_id, execution_id);
create index agent_operations_activities_event_id_idx
  on public.agent_operations_activities (event_id);
create index agent_operations_activities_open_idx
  on public.agent_operations_activities (created_at) where status in ('queued', 'running');
create index agent_operations_activities_output_idx
  on public.agent_operations_activities using gin (output jsonb_path_ops);

alter table public.agent_operations_activities enable row level security;
revoke all on table public.agent_operations_activities from anon, authenticated, service_role;
grant select on table public.agent_operations_activities to authenticated;
grant update (settled_at, settled_note) on table public.agent_operations_activities
  to authenticated;
grant select, insert, update, delete on table public.agent_operations_activities to service_role;

create policy "organizers read their own operations runs"
  on public.agent_operations_activities for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers settle what needs action of their own"
  on public.agent_operations_activities for update to authenticated
  using (owner_id = (select auth.uid()) and needs_action)
  with check (owner_id = (select auth.uid()) and needs_action);

create trigger agent_operations_activities_guard
  before insert or update on public.agent_operations_activities
  for each row execute function private.guard_agent_run();

create trigger agent_operations_activities_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_operations_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_operations_activities_set_updated_at
  before update on public.agent_operations_activities
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- agent_support_activities
-- ---------------------------------------------------------------------------------------------

create table public.agent_support_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  execution_id uuid,
  conversation_id uuid not null default gen_random_uuid(),
  turn smallint not null default 1,
  customer_id uuid references public.profiles (id) on delete set null,
  channel text not null default 'web',
  subject text not null,
  customer_message text not null,
  agent_reply text,
  sentiment numeric(4, 3),
  escalation text not null default 'none',
  escalation_reason text,
  escalated_to uuid references public.profiles (id) on delete set null,
  escalated_at timestamptz,
  resolved_at timestamptz,
  resolution text,
  search tsvector not null generated always as (
    setweight(to_tsvector('pg_catalog.english', subject), 'A')
    || setweight(to_tsvector('pg_catalog.english', customer_message), 'B')
    || setweight(to_tsvector('pg_catalog.english', coalesce(agent_reply, '')), 'C')
  ) stored,
  kind text not null,
  model text not null,
  status text not null default 'queued',
  input jsonb not null default '{}',
  output jsonb,
  error text,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cost_microcents bigint not null default 0,
  cost_cents bigint not null generated always as ((cost_microcents + 999999) / 1000000) stored,
  currency text not null default 'USD',
  confidence numeric(4, 3),
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_support_activities_turn_key unique (owner_id, conversation_id, turn),
  constraint agent_support_activities_execution_fkey foreign key (owner_id, execution_id)
    references public.workflow_execution_logs (owner_id, id) on delete set null (execution_id),
  constraint agent_support_activities_kind_check check (
    kind in (
      'answer', 'refund_request', 'ticket_transfer', 'complaint', 'accessibility', 'other'
    )
  ),
  constraint agent_support_activities_model_check check (length(btrim(model)) between 1 and 100),
  constraint agent_support_activities_status_check check (
    status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')
  ),
  constraint agent_support_activities_input_check check (jsonb_typeof(input) = 'object'),
  constraint agent_support_activities_output_check check (
    jsonb_typeof(output) = 'object' and (status <> 'succeeded' or output is not null)
  ),
  constraint agent_support_activities_error_check check (status <> 'failed' or error is not null),
  constraint agent_support_activities_tokens_check check (
    input_tokens >= 0 and output_tokens >= 0
  ),
  constraint agent_support_activities_cost_check check (cost_microcents >= 0),
  constraint agent_support_activities_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint agent_support_activities_confidence_check check (confidence between 0 and 1),
  constraint agent_support_activities_turn_check check (turn between 1 and 1000),
  constraint agent_support_activities_channel_check check (
    channel in ('web', 'email', 'whatsapp', 'phone')
  ),
  constraint agent_support_activities_subject_check check (
    length(btrim(subject)) between 1 and 300
  ),
  constraint agent_support_activities_message_check check (
    length(customer_message) between 1 and 20000 and length(agent_reply) <= 20000
  ),
  constraint agent_support_activities_sentiment_check check (sentiment between -1 and 1),
  constraint agent_support_activities_escalation_check check (
    escalation in ('none', 'escalated', 'assigned', 'resolved')
  ),
  constraint agent_support_activities_escalated_at_check check (
    (escalation <> 'none') = (escalated_at is not null)
    and (escalation = 'none' or escalation_reason is not null)
  ),
  constraint agent_support_activities_resolved_at_check check (
    (escalation = 'resolved') = (resolved_at is not null)
  ),
  constraint agent_support_activities_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  )
);

comment on table public.agent_support_activities is
  'One turn of a support conversation: what a customer wrote and what the agent replied. Turns of a conversation share conversation_id.';
comment on column public.agent_support_activities.execution_id is
  'The workflow execution that asked for the run; null when a person or a schedule did.';
comment on column public.agent_support_activities.conversation_id is
  'The conversation, unique within the owner; turns are numbered from 1.';
comment on column public.agent_support_activities.customer_id is
  'The customer, when signed in.';
comment on column public.agent_support_activities.sentiment is
  'The customer''s mood as the agent read it, -1 to 1.';
comment on column public.agent_support_activities.escalation is
  'none → escalated → assigned → resolved. Below a confidence of 0.5 or a sentiment of -0.5 it escalates by itself.';
comment on column public.agent_support_activities.escalated_to is
  'Who takes over: may read and resolve this turn.';
comment on column public.agent_support_activities.search is
  'Full text (English): subject before message before reply.';
comment on column public.agent_support_activities.cost_microcents is
  'What the run cost, in millionths of a cent: most runs cost less than one. Add these up.';
comment on column public.agent_support_activities.cost_cents is
  'The same in cents, rounded up, for display.';
comment on column public.agent_support_activities.confidence is
  'How sure the agent was of its output, 0 to 1.';

create index agent_support_activities_owner_id_created_at_idx
  on public.agent_support_activities (owner_id, created_at desc);
create index agent_support_activities_customer_id_idx
  on public.agent_support_activities (customer_id);
create index agent_support_activities_escalated_to_idx
  on public.agent_support_activities (escalated_to);
create index agent_support_activities_owner_id_escalated_idx
  on public.agent_support_activities (owner_id, escalated_at)
  where escalation in ('escalated', 'assigned');
create index agent_support_activities_search_idx
  on public.agent_support_activities using gin (search);
create index agent_support_activities_owner_id_execution_id_idx
  on public.agent_support_activities (owner_id, execution_id);
create index agent_support_activities_event_id_idx
  on public.agent_support_activities (event_id);
create index agent_support_activities_open_idx
  on public.agent_support_activities (created_at) where status in ('queued', 'running');
create index agent_support_activities_output_idx
  on public.agent_support_activities using gin (output jsonb_path_ops);

alter table public.agent_support_activities enable row level security;
revoke all on table public.agent_support_activities from anon, authenticated, service_role;
grant select on table public.agent_support_activities to authenticated;
grant update (escalation, escalation_reason, escalated_to, resolution)
  on table public.agent_support_activities to authenticated;
grant select, insert, update, delete on table public.agent_support_activities to service_role;

create policy "organizers read their own conversations, assignees theirs"
  on public.agent_support_activities for select to authenticated
  using (owner_id = (select auth.uid()) or escalated_to = (select auth.uid()));

create policy "organizers escalate their own conversations, assignees resolve"
  on public.agent_support_activities for update to authenticated
  using (
    owner_id = (select auth.uid())
    or (escalated_to = (select auth.uid()) and escalation = 'assigned')
  )
  with check (
    owner_id = (select auth.uid())
    or (escalated_to = (select auth.uid()) and escalation in ('assigned', 'resolved'))
  );

create trigger agent_support_activities_guard
  before insert or update on public.agent_support_activities
  for each row execute function private.guard_agent_run();

create trigger agent_support_activities_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_support_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_support_activities_set_updated_at
  before update on public.agent_support_activities
  for each row execute function public.set_updated_at();

create function private.guard_support_escalation()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    if new.escalation not in ('none', 'escalated') then
      raise check_violation using
        message = format('a conversation does not start as %L', new.escalation),
        constraint = 'agent_support_activities_escalation_transition';
    end if;
    new.escalated_at := null;
    new.resolved_at := null;
  else
    if old.escalation <> new.escalation and not (
      case old.escalation
        when 'none' then new.escalation = 'escalated'
        when 'escalated' then new.escalation in ('assigned', 'resolved')
        when 'assigned' then new.escalation in ('escalated', 'resolved')
        else false
      end
    ) then
      raise check_violation using
        message = format('an escalation cannot go from %L to %L', old.escalation, new.escalation),
        constraint = 'agent_support_activities_escalation_transition';
    end if;
    new.escalated_at := old.escalated_at;
    new.resolved_at := old.resolved_at;
  end if;

  if new.escalation = 'none' and new.status = 'succeeded'
    and (new.confidence < 0.5 or new.sentiment < -0.5)
  then
    new.escalation := 'escalated';
    new.escalation_reason := coalesce(
      new.escalation_reason,
      case when new.confidence < 0.5 then 'low confidence' else 'negative sentiment' end
    );
  end if;

  -- The assignee's account may be deleted: the conversation waits for somebody else then.
  if new.escalation = 'assigned' and new.escalated_to is null then
    if tg_op = 'UPDATE' and old.escalation = 'assigned' then
      new.escalation := 'escalated';
    else
      raise check_violation using
        message = 'a conversation is assigned to somebody',
        constraint = 'agent_support_activities_assignee',
        hint = 'Set escalated_to together with escalation.';
    end if;
  end if;

  if new.escalation <> 'none' then
    new.escalated_at := coalesce(new.escalated_at, now());
  end if;
  if new.escalation = 'resolved' then
    new.resolved_at := coalesce(new.resolved_at, now());
  end if;
  return new;
end;
$$;

comment on function private.guard_support_escalation() is
  'Trigger: the state machine of escalations (23514); escalates by itself when the agent is unsure or the customer unhappy; stamps times.';

revoke execute on function private.guard_support_escalation() from public;

create trigger agent_support_activities_guard_escalation
  before insert or update on public.agent_support_activities
  for each row execute function private.guard_support_escalation();

-- The tenant is a predicate of its own, not only a policy: service_role bypasses the policies, and
-- an organizer's own search must not mix in what other organizers assigned to them.
create function public.search_support_conversations(
  query text,
  match_count integer default 20,
  for_owner uuid default null
)
returns table (
  id uuid,
  conversation_id uuid,
  turn smallint,
  subject text,
  excerpt text,
  rank real
)
language sql
stable
set search_path = ''
as $$
  select
    found.id,
    found.conversation_id,
    found.turn,
    found.subject,
    ts_headline('pg_catalog.english', found.customer_message, found.terms) as excerpt,
    found.rank
  from (
    select
      a.id,
      a.conversation_id,
      a.turn,
      a.subject,
      a.customer_message,
      q.terms,
      ts_rank_cd(a.search, q.terms) as rank
    from public.agent_support_activities as a
    cross join websearch_to_tsquery('pg_catalog.english', query) as q (terms)
    where a.owner_id = coalesce(for_owner, (select auth.uid()))
      and a.search @@ q.terms
    order by rank desc, a.created_at desc, a.id
    limit least(greatest(match_count, 1), 100)
  ) as found
  order by found.rank desc, found.id;
$$;

comment on function public.search_support_conversations(text, integer, uuid) is
  'Turns of one organizer''s conversations that match a web-style query, best first, at most 100. for_owner defaults to the caller; without either nothing is found. Row-level security applies.';

revoke execute on function public.search_support_conversations(text, integer, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.search_support_conversations(text, integer, uuid)
  to authenticated, service_role;
