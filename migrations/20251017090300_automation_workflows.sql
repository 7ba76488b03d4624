-- automation_workflows
--
-- Purpose:  what shall happen by itself: workflows of checked steps, the triggers that start them
--           when an event of the product matches a JSONB condition, and a log row per execution
--           whose status moves along allowed transitions only.
-- Objects:  tables public.automation_workflows, automation_triggers, workflow_execution_logs;
--           functions private.workflow_steps_valid(jsonb), version_workflow(), guard_execution(),
--           public.condition_terms(jsonb), match_automation_triggers(text, jsonb, uuid),
--           dispatch_automation_event(text, jsonb, text, uuid).
-- Locks:    share row exclusive on public.profiles and events until the transaction ends (foreign
--           keys): writes to them wait. Nothing existing is scanned or rewritten.
-- Rollback: rollback/20251017090300_automation_workflows.sql (drops the three tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017090100_sponsor_engagement
--           (private.require_event_of_owner()).
--
-- Who may do what: organizers design workflows and triggers of their own, start executions and
-- cancel them. Everything else of an execution is written by service_role, the engine that runs it.

-- ---------------------------------------------------------------------------------------------
-- automation_workflows
-- ---------------------------------------------------------------------------------------------

create function private.workflow_steps_valid(steps jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case
    when jsonb_typeof(steps) is distinct from 'array' then false
    when jsonb_array_length(steps) not between 1 and 50 then false
    else
      not exists (
        select
        from jsonb_array_elements(steps) as step
        where case
          when jsonb_typeof(step) <> 'object' then true
          else
            step - array['key', 'action', 'config', 'on_error'] <> '{}'::jsonb
            or jsonb_typeof(step -> 'key') is distinct from 'string'
            or step ->> 'key' !~ '^[a-z][a-z0-9_]{0,49}$'
            or coalesce(step ->> 'action', '') not in (
              'send_email', 'send_whatsapp', 'create_task', 'run_agent', 'wait', 'webhook'
            )
            or jsonb_typeof(coalesce(step -> 'config', '{}')) <> 'object'
            or coalesce(step ->> 'on_error', 'stop') not in ('stop', 'continue', 'retry')
            or (
              step ->> 'action' = 'wait'
              and coalesce(step #> '{config,seconds}', 'null')::text !~ '^[1-9][0-9]{0,7}$'
            )
        end
      )
      and (
        select count(distinct step ->> 'key') = count(*)
        from jsonb_array_elements(steps) as step
      )
  end;
$$;

comment on function private.workflow_steps_valid(jsonb) is
  'True when the value is an array of 1 to 50 {"key", "action", "config"?, "on_error"?} objects with known actions and unique keys; a wait states config.seconds.';

-- A check constraint runs its function with the rights of whoever writes the row.
revoke execute on function private.workflow_steps_valid(jsonb) from public;
grant execute on function private.workflow_steps_valid(jsonb) to authenticated, service_role;

create table public.automation_workflows (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete cascade,
  name text not null,
  description text,
  steps jsonb not null,
  version bigint not null default 1,
  status text not null default 'draft',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint automation_workflows_owner_id_id_key unique (owner_id, id),
  constraint automation_workflows_name_check check (length(btrim(name)) between 1 and 120),
  constraint automation_workflows_steps_check check (private.workflow_steps_valid(steps)),
  constraint automation_workflows_version_check check (version > 0),
  constraint automation_workflows_status_check check (
    status in ('draft', 'active', 'paused', 'archived')
  )
);

comment on table public.automation_workflows is
  'An organizer''s series of steps to run by itself, for one event or for all of theirs. Only active ones are started.';
comment on column public.automation_workflows.event_id is
  'The event it is for; null for all events of the owner.';
comment on column public.automation_workflows.steps is
  'Array of {"key", "action", "config"?, "on_error"?}, checked for shape.';
comment on column public.automation_workflows.version is
  'Counts changes of the steps; an execution notes the version it ran.';
comment on constraint automation_workflows_owner_id_id_key on public.automation_workflows is
  'The target of composite keys; also the index behind the policies and the key to profiles.';

create index automation_workflows_event_id_idx on public.automation_workflows (event_id);
create index automation_workflows_owner_id_active_idx
  on public.automation_workflows (owner_id, name) where status = 'active';
create index automation_workflows_steps_idx
  on public.automation_workflows using gin (steps jsonb_path_ops);

alter table public.automation_workflows enable row level security;
revoke all on table public.automation_workflows from anon, authenticated, service_role;
grant select, insert, update, delete on table public.automation_workflows
  to authenticated, service_role;

create policy "organizers read their own workflows"
  on public.automation_workflows for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers design workflows of their own"
  on public.automation_workflows for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own workflows"
  on public.automation_workflows for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own workflows"
  on public.automation_workflows for delete to authenticated
  using (owner_id = (select auth.uid()));

create function private.version_workflow()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + (old.steps is distinct from new.steps)::integer;
  return new;
end;
$$;

comment on function private.version_workflow() is
  'Trigger: the version of a workflow counts the changes of its steps, and nothing else sets it.';

revoke execute on function private.version_workflow() from public;

create trigger automation_workflows_require_event_of_owner
  before insert or update of event_id, owner_id on public.automation_workflows
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger automation_workflows_set_updated_at
  before update on public.automation_workflows
  for each row execute function public.set_updated_at();

create trigger automation_workflows_version
  before update of steps, version on public.automation_workflows
  for each row execute function private.version_workflow();

-- ---------------------------------------------------------------------------------------------
-- automation_triggers
--
-- A trigger matches when its condition is contained in what happened: {"tier": "gold"} matches any
-- payload with that pair. The question is "which stored conditions does this payload contain?",
-- the direction that GIN cannot answer for jsonb. So the condition is also kept as its leaves, an
-- array of path=value terms, and GIN can answer "which arrays are contained in this one?".
-- ---------------------------------------------------------------------------------------------

create function public.condition_terms(condition jsonb)
returns text[]
language sql
immutable
parallel safe
set search_path = ''
as $$
  with recursive node (path, value) as (
    select ''::text, condition
    union all
    select n.path || child.step, child.value
    from node as n
    cross join lateral (
      select '.' || to_json(field.key)::text, field.value
      from jsonb_each(case when jsonb_typeof(n.value) = 'object' then n.value end) as field
      union all
      select '[]', element.value
      from jsonb_array_elements(
        case when jsonb_typeof(n.value) = 'array' then n.value end
      ) as element
    ) as child (step, value)
  )
  select coalesce(array_agg(distinct n.path || '=' || n.value::text), '{}')
  from node as n
  where jsonb_typeof(n.value) not in ('object', 'array');
$$;

comment on function public.condition_terms(jsonb) is
  'The leaves of a JSON value as sorted path=value terms: what conditions and payloads are compared by. Reads no table.';

revoke execute on function public.condition_terms(jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.condition_terms(jsonb) to authenticated, service_role;

create table public.automation_triggers (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  workflow_id uuid not null,
  name text not null,
  event_type text not null,
  condition jsonb not null default '{}',
  condition_terms text[] not null generated always as (public.condition_terms(condition)) stored,
  priority smallint not null default 100,
  is_active boolean not null default true,
  last_fired_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint automation_triggers_owner_id_workflow_id_id_key unique (owner_id, workflow_id, id),
  constraint automation_triggers_workflow_fkey foreign key (owner_id, workflow_id)
    references public.automation_workflows (owner_id, id) on delete cascade,
  constraint automation_triggers_name_check check (length(btrim(name)) between 1 and 120),
  constraint automation_triggers_event_type_check check (
    event_type ~ '^[a-z][a-z_]*[.][a-z][a-z_]*$'
  ),
  constraint automation_triggers_priority_check check (priority between 0 and 1000),
  constraint automation_triggers_condition_check check (
    jsonb_typeof(condition) = 'object' and cardinality(condition_terms) <= 20
  )
);

comment on table public.automation_triggers is
  'Starts a workflow when something of event_type happens whose payload contains the condition.';
comment on column public.automation_triggers.event_type is
  'What happened, as subject.verb: order.paid, proposal.accepted.';
comment on column public.automation_triggers.priority is
  'Lower comes first: of several triggers of one workflow that match, the first is noted.';
comment on column public.automation_triggers.condition is
  'An object; every leaf must be in the payload at the same path. {} matches all. Array elements match in any order.';
comment on column public.automation_triggers.condition_terms is
  'The condition''s leaves, for the index. See public.condition_terms.';
comment on constraint automation_triggers_owner_id_workflow_id_id_key
  on public.automation_triggers is
  'The target of the executions'' composite key; also the index behind the key to workflows.';

create index automation_triggers_owner_id_event_type_active_idx
  on public.automation_triggers (owner_id, event_type) where is_active;
-- Written rarely, read with everything that happens: no pending list that each reader must scan.
create index automation_triggers_condition_terms_active_idx
  on public.automation_triggers using gin (condition_terms) with (fastupdate = off)
  where is_active;
create index automation_triggers_condition_idx
  on public.automation_triggers using gin (condition jsonb_path_ops);

alter table public.automation_triggers enable row level security;
revoke all on table public.automation_triggers from anon, authenticated, service_role;
grant select, insert, update, delete on table public.automation_triggers
  to authenticated, service_role;

create policy "organizers read their own triggers"
  on public.automation_triggers for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers add triggers of their own"
  on public.automation_triggers for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own triggers"
  on public.automation_triggers for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own triggers"
  on public.automation_triggers for delete to authenticated
  using (owner_id = (select auth.uid()));

create trigger automation_triggers_set_updated_at
  before update on public.automation_triggers
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- workflow_execution_logs
-- ---------------------------------------------------------------------------------------------

create table public.workflow_execution_logs (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  workflow_id uuid not null,
  workflow_version bigint not null,
  trigger_id uuid,
  payload jsonb not null default '{}',
  idempotency_key text,
  status text not null default 'pending',
  attempt smallint not null default 1,
  step_results jsonb not null default '[]',
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint workflow_execution_logs_owner_id_id_key unique (owner_id, id),
  constraint workflow_execution_logs_workflow_fkey foreign key (owner_id, workflow_id)
    references public.automation_workflows (owner_id, id) on delete cascade,
  constraint workflow_execution_logs_trigger_fkey foreign key (owner_id, workflow_id, trigger_id)
    references public.automation_triggers (owner_id, workflow_id, id)
    on delete set null (trigger_id),
  constraint workflow_execution_logs_payload_check check (jsonb_typeof(payload) = 'object'),
  constraint workflow_execution_logs_idempotency_key_check check (
    length(idempotency_key) between 1 and 200
  ),
  constraint workflow_execution_logs_status_check check (
    status in ('pending', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')
  ),
  constraint workflow_execution_logs_attempt_check check (attempt between 1 and 10),
  constraint workflow_execution_logs_step_results_check check (
    jsonb_typeof(step_results) = 'array'
  ),
  constraint workflow_execution_logs_error_check check (status <> 'failed' or error is not null),
  constraint workflow_execution_logs_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  ),
  constraint workflow_execution_logs_times_check check (started_at <= finished_at)
);

comment on table public.workflow_execution_logs is
  'One run of a workflow: pending → running ⇄ waiting → succeeded or failed; failed → pending is a retry; cancelled from any open state.';
comment on column public.workflow_execution_logs.payload is 'What happened: the event that started the run.';
comment on column public.workflow_execution_logs.idempotency_key is
  'The same happening delivered twice starts a workflow once.';
comment on column public.workflow_execution_logs.step_results is
  'Array of {"key", "status", "output"}, one object per step that ran.';

create unique index workflow_execution_logs_idempotency_key
  on public.workflow_execution_logs (workflow_id, idempotency_key)
  where idempotency_key is not null;
create index workflow_execution_logs_owner_id_workflow_id_trigger_id_idx
  on public.workflow_execution_logs (owner_id, workflow_id, trigger_id);
create index workflow_execution_logs_owner_id_created_at_idx
  on public.workflow_execution_logs (owner_id, created_at desc);
create index workflow_execution_logs_open_idx
  on public.workflow_execution_logs (created_at) where status in ('pending', 'running', 'waiting');
create index workflow_execution_logs_payload_idx
  on public.workflow_execution_logs using gin (payload jsonb_path_ops);

alter table public.workflow_execution_logs enable row level security;
revoke all on table public.workflow_execution_logs from anon, authenticated, service_role;
grant select on table public.workflow_execution_logs to authenticated;
grant insert (owner_id, workflow_id, trigger_id, payload, idempotency_key)
  on table public.workflow_execution_logs to authenticated;
grant update (status) on table public.workflow_execution_logs to authenticated;
grant select, insert, update, delete on table public.workflow_execution_logs to service_role;

create policy "organizers read the executions of their own workflows"
  on public.workflow_execution_logs for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers start their own workflows"
  on public.workflow_execution_logs for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers cancel open executions of their own"
  on public.workflow_execution_logs for update to authenticated
  using (owner_id = (select auth.uid()) and status in ('pending', 'running', 'waiting'))
  with check (owner_id = (select auth.uid()) and status = 'cancelled');

create function private.guard_execution()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'pending' then
      raise check_violation using
        message = format('an execution starts as pending, not as %L', new.status),
        constraint = 'workflow_execution_logs_transition';
    end if;
    select w.version into new.workflow_version
    from public.automation_workflows as w
    where w.id = new.workflow_id and w.owner_id = new.owner_id and w.status = 'active';
    if not found then
      raise foreign_key_violation using
        message = format(
          'workflow %s is not an active workflow of owner %s', new.workflow_id, new.owner_id
        ),
        schema = tg_table_schema,
        table = tg_table_name,
        column = 'workflow_id',
        hint = 'Activate the workflow first.';
    end if;
    new.started_at := null;
    new.finished_at := null;
    return new;
  end if;

  if old.status <> new.status and not (
    case old.status
      when 'pending' then new.status in ('running', 'cancelled')
      when 'running' then new.status in ('waiting', 'succeeded', 'failed', 'cancelled')
      when 'waiting' then new.status in ('running', 'failed', 'cancelled')
      when 'failed' then new.status = 'pending'
      else false
    end
  ) then
    raise check_violation using
      message = format('an execution cannot go from %L to %L', old.status, new.status),
      constraint = 'workflow_execution_logs_transition';
  end if;

  if old.status = 'failed' and new.status = 'pending' then
    new.attempt := old.attempt + 1;
    new.error := null;
    new.started_at := null;
  elsif new.status = 'running' then
    new.started_at := coalesce(old.started_at, now());
  else
    new.started_at := old.started_at;
  end if;
  new.finished_at := case
    when new.status in ('succeeded', 'failed', 'cancelled') then coalesce(old.finished_at, now())
  end;
  return new;
end;
$$;

comment on function private.guard_execution() is
  'Trigger: the state machine of executions (23514); notes the workflow''s version; stamps start and end; counts attempts.';

revoke execute on function private.guard_execution() from public;

create trigger workflow_execution_logs_guard
  before insert or update on public.workflow_execution_logs
  for each row execute function private.guard_execution();

create trigger workflow_execution_logs_set_updated_at
  before update on public.workflow_execution_logs
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- Something happened
-- ---------------------------------------------------------------------------------------------

-- The tenant is a predicate of its own, not only a policy: service_role bypasses the policies, and
-- must not start other tenants' workflows because it forgot a filter.
create function public.match_automation_triggers(
  happened text,
  payload jsonb default '{}',
  for_owner uuid default null
)
returns setof public.automation_triggers
language sql
stable
set search_path = ''
as $$
  select t.*
  from public.automation_triggers as t
  join public.automation_workflows as w
    on w.owner_id = t.owner_id and w.id = t.workflow_id and w.status = 'active'
  where t.owner_id = coalesce(for_owner, (select auth.uid()))
    and t.event_type = happened
    and t.is_active
    and t.condition_terms operator(pg_catalog.<@) public.condition_terms(payload)
    and (w.event_id is null or w.event_id::text = payload ->> 'event_id')
  order by t.priority, t.id;
$$;

comment on function public.match_automation_triggers(text, jsonb, uuid) is
  'The active triggers of one owner whose condition the payload contains, by priority. for_owner defaults to the caller; without either nothing matches. Row-level security applies.';

revoke execute on function public.match_automation_triggers(text, jsonb, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.match_automation_triggers(text, jsonb, uuid)
  to authenticated, service_role;

create function public.dispatch_automation_event(
  happened text,
  payload jsonb default '{}',
  idempotency_key text default null,
  for_owner uuid default null
)
returns setof uuid
language sql
volatile
set search_path = ''
as $$
  with matched as (
    select distinct on (m.workflow_id) m.owner_id, m.workflow_id, m.id as trigger_id
    from public.match_automation_triggers(happened, payload, for_owner) as m
    order by m.workflow_id, m.priority, m.id
  ),
  started as (
    insert into public.workflow_execution_logs (
      owner_id, workflow_id, trigger_id, payload, idempotency_key
    )
    select
      m.owner_id, m.workflow_id, m.trigger_id, dispatch_automation_event.payload,
      dispatch_automation_event.idempotency_key
    from matched as m
    on conflict do nothing
    returning id, trigger_id
  ),
  fired as (
    update public.automation_triggers as t
    set last_fired_at = now()
    from started as s
    where t.id = s.trigger_id
  )
  select s.id from started as s;
$$;

comment on function public.dispatch_automation_event(text, jsonb, text, uuid) is
  'Starts each workflow that something matching triggers, once; returns the new executions. The same idempotency_key again starts nothing.';

revoke execute on function public.dispatch_automation_event(text, jsonb, text, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.dispatch_automation_event(text, jsonb, text, uuid)
  to authenticated, service_role;
