-- ai_agents_sales_marketing
--
-- Purpose:  what the sales and the marketing agent did: each run with what went in, what came out,
--           tokens, cost, confidence, and the sponsor, campaign or workflow it was for.
-- Objects:  tables public.agent_sales_activities, agent_marketing_activities; functions
--           private.guard_agent_run() (for all agent tables), require_campaign_of_owner().
-- Locks:    share row exclusive on public.profiles, events, sponsors, marketing_campaigns and
--           workflow_execution_logs until the transaction ends (foreign keys): writes to them wait.
--           Nothing existing is scanned or rewritten.
-- Rollback: rollback/20251017090400_ai_agents_sales_marketing.sql (drops the two tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017080200_marketing_infrastructure,
--           20251017090000_sponsors_core, 20251017090100_sponsor_engagement,
--           20251017090300_automation_workflows.
--
-- Who may do what: service_role runs the agents and writes the rows; organizers read the runs made
-- for them. What a finished run said and cost is a record that nobody changes.

create function private.guard_agent_run()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' then
    if old.status <> new.status and not (
      case old.status
        when 'queued' then new.status in ('running', 'cancelled')
        when 'running' then new.status in ('succeeded', 'failed', 'cancelled')
        else false
      end
    ) then
      raise check_violation using
        message = format('an agent run cannot go from %L to %L', old.status, new.status),
        constraint = 'agent_run_transition';
    end if;
    if old.status in ('succeeded', 'failed', 'cancelled') and (
      (old.kind, old.model, old.input, old.output, old.error, old.input_tokens)
        is distinct from
        (new.kind, new.model, new.input, new.output, new.error, new.input_tokens)
      or (old.output_tokens, old.cost_microcents, old.currency, old.confidence)
        is distinct from
        (new.output_tokens, new.cost_microcents, new.currency, new.confidence)
    ) then
      raise check_violation using
        message = format('agent run %s is finished: what it said and cost is a record', old.id),
        constraint = 'agent_run_record';
    end if;
  end if;

  new.started_at := case
    when new.status = 'queued' then null
    when tg_op = 'UPDATE' and old.started_at is not null then old.started_at
    when new.status = 'cancelled' then null
    else coalesce(new.started_at, now())
  end;
  new.finished_at := case
    when new.status in ('queued', 'running') then null
    when tg_op = 'UPDATE' and old.finished_at is not null then old.finished_at
    else coalesce(new.finished_at, now())
  end;
  return new;
end;
$$;

comment on function private.guard_agent_run() is
  'Trigger of all agent tables: queued → running → succeeded, failed or cancelled (23514); stamps start and end; freezes what is finished.';

revoke execute on function private.guard_agent_run() from public;

-- ---------------------------------------------------------------------------------------------
-- agent_sales_activities
-- ---------------------------------------------------------------------------------------------

create table public.agent_sales_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  execution_id uuid,
  sponsor_id uuid,
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
  constraint agent_sales_activities_sponsor_fkey foreign key (owner_id, sponsor_id)
    references public.sponsors (owner_id, id) on delete set null (sponsor_id),
  constraint agent_sales_activities_execution_fkey foreign key (owner_id, execution_id)
    references public.workflow_execution_logs (owner_id, id) on delete set null (execution_id),
  constraint agent_sales_activities_kind_check check (
    kind in (
      'lead_research', 'lead_scoring', 'outreach_draft', 'proposal_draft', 'follow_up',
      'negotiation_advice'
    )
  ),
  constraint agent_sales_activities_model_check check (length(btrim(model)) between 1 and 100),
  constraint agent_sales_activities_status_check check (
    status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')
  ),
  constraint agent_sales_activities_input_check check (jsonb_typeof(input) = 'object'),
  constraint agent_sales_activities_output_check check (
    jsonb_typeof(output) = 'object' and (status <> 'succeeded' or output is not null)
  ),
  constraint agent_sales_activities_error_check check (status <> 'failed' or error is not null),
  constraint agent_sales_activities_tokens_check check (
    input_tokens >= 0 and output_tokens >= 0
  ),
  constraint agent_sales_activities_cost_check check (cost_microcents >= 0),
  constraint agent_sales_activities_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint agent_sales_activities_confidence_check check (confidence between 0 and 1),
  constraint agent_sales_activities_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  )
);

comment on table public.agent_sales_activities is
  'One run of the sales agent for an organizer, usually about one sponsor.';
comment on column public.agent_sales_activities.execution_id is
  'The workflow execution that asked for the run; null when a person or a schedule did.';
comment on column public.agent_sales_activities.sponsor_id is
  'The sponsor it was about, of the same owner.';
comment on column public.agent_sales_activities.cost_microcents is
  'What the run cost, in millionths of a cent: most runs cost less than one. Add these up.';
comment on column public.agent_sales_activities.cost_cents is
  'The same in cents, rounded up, for display.';
comment on column public.agent_sales_activities.confidence is
  'How sure the agent was of its output, 0 to 1.';

create index agent_sales_activities_owner_id_created_at_idx
  on public.agent_sales_activities (owner_id, created_at desc);
create index agent_sales_activities_owner_id_sponsor_id_idx
  on public.agent_sales_activities (owner_id, sponsor_id);
create index agent_sales_activities_owner_id_execution_id_idx
  on public.agent_sales_activities (owner_id, execution_id);
create index agent_sales_activities_event_id_idx
  on public.agent_sales_activities (event_id);
create index agent_sales_activities_open_idx
  on public.agent_sales_activities (created_at) where status in ('queued', 'running');
create index agent_sales_activities_output_idx
  on public.agent_sales_activities using gin (output jsonb_path_ops);

alter table public.agent_sales_activities enable row level security;
revoke all on table public.agent_sales_activities from anon, authenticated, service_role;
grant select on table public.agent_sales_activities to authenticated;
grant select, insert, update, delete on table public.agent_sales_activities to service_role;

create policy "organizers read their own sales runs"
  on public.agent_sales_activities for select to authenticated
  using (owner_id = (select auth.uid()));

create trigger agent_sales_activities_guard
  before insert or update on public.agent_sales_activities
  for each row execute function private.guard_agent_run();

create trigger agent_sales_activities_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_sales_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_sales_activities_set_updated_at
  before update on public.agent_sales_activities
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- agent_marketing_activities
-- ---------------------------------------------------------------------------------------------

create table public.agent_marketing_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  execution_id uuid,
  campaign_id uuid references public.marketing_campaigns (id) on delete set null,
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
  constraint agent_marketing_activities_execution_fkey foreign key (owner_id, execution_id)
    references public.workflow_execution_logs (owner_id, id) on delete set null (execution_id),
  constraint agent_marketing_activities_kind_check check (
    kind in (
      'copy_draft', 'audience_segment', 'send_time', 'subject_test', 'performance_summary'
    )
  ),
  constraint agent_marketing_activities_model_check check (length(btrim(model)) between 1 and 100),
  constraint agent_marketing_activities_status_check check (
    status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')
  ),
  constraint agent_marketing_activities_input_check check (jsonb_typeof(input) = 'object'),
  constraint agent_marketing_activities_output_check check (
    jsonb_typeof(output) = 'object' and (status <> 'succeeded' or output is not null)
  ),
  constraint agent_marketing_activities_error_check check (status <> 'failed' or error is not null),
  constraint agent_marketing_activities_tokens_check check (
    input_tokens >= 0 and output_tokens >= 0
  ),
  constraint agent_marketing_activities_cost_check check (cost_microcents >= 0),
  constraint agent_marketing_activities_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint agent_marketing_activities_confidence_check check (confidence between 0 and 1),
  constraint agent_marketing_activities_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  )
);

comment on table public.agent_marketing_activities is
  'One run of the marketing agent for an organizer, usually about one campaign.';
comment on column public.agent_marketing_activities.execution_id is
  'The workflow execution that asked for the run; null when a person or a schedule did.';
comment on column public.agent_marketing_activities.campaign_id is
  'The campaign it was about; its event belongs to the same owner.';
comment on column public.agent_marketing_activities.cost_microcents is
  'What the run cost, in millionths of a cent: most runs cost less than one. Add these up.';
comment on column public.agent_marketing_activities.cost_cents is
  'The same in cents, rounded up, for display.';
comment on column public.agent_marketing_activities.confidence is
  'How sure the agent was of its output, 0 to 1.';

create index agent_marketing_activities_owner_id_created_at_idx
  on public.agent_marketing_activities (owner_id, created_at desc);
create index agent_marketing_activities_campaign_id_idx
  on public.agent_marketing_activities (campaign_id);
create index agent_marketing_activities_owner_id_execution_id_idx
  on public.agent_marketing_activities (owner_id, execution_id);
create index agent_marketing_activities_event_id_idx
  on public.agent_marketing_activities (event_id);
create index agent_marketing_activities_open_idx
  on public.agent_marketing_activities (created_at) where status in ('queued', 'running');
create index agent_marketing_activities_output_idx
  on public.agent_marketing_activities using gin (output jsonb_path_ops);

alter table public.agent_marketing_activities enable row level security;
revoke all on table public.agent_marketing_activities from anon, authenticated, service_role;
grant select on table public.agent_marketing_activities to authenticated;
grant select, insert, update, delete on table public.agent_marketing_activities to service_role;

create policy "organizers read their own marketing runs"
  on public.agent_marketing_activities for select to authenticated
  using (owner_id = (select auth.uid()));

create trigger agent_marketing_activities_guard
  before insert or update on public.agent_marketing_activities
  for each row execute function private.guard_agent_run();

create trigger agent_marketing_activities_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_marketing_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_marketing_activities_set_updated_at
  before update on public.agent_marketing_activities
  for each row execute function public.set_updated_at();

create function private.require_campaign_of_owner()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select
    from public.marketing_campaigns as c
    join public.events as e on e.id = c.event_id
    where c.id = new.campaign_id and e.organizer_id = new.owner_id
  ) then
    raise foreign_key_violation using
      message = format('campaign %s is not a campaign of owner %s', new.campaign_id, new.owner_id),
      hint = 'Use a campaign of an event whose organizer_id is the row''s owner_id.',
      schema = tg_table_schema,
      table = tg_table_name,
      column = 'campaign_id';
  end if;
  return new;
end;
$$;

comment on function private.require_campaign_of_owner() is
  'Trigger: refuses (23503) a row whose campaign does not belong to an event of the row''s owner_id.';

revoke execute on function private.require_campaign_of_owner() from public;

create trigger agent_marketing_activities_require_campaign_of_owner
  before insert or update of campaign_id, owner_id on public.agent_marketing_activities
  for each row
  when (new.campaign_id is not null)
  execute function private.require_campaign_of_owner();
