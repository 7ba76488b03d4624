-- ai_agents_analytics_memory
--
-- Purpose:  what the analytics agent found, and what all agents remember: memories with an
--           embedding and full text, importance and expiry, recalled by a hybrid search.
-- Objects:  tables public.agent_analytics_activities, agent_memory; functions
--           private.require_memory_source(), public.recall_agent_memory(...),
--           public.touch_agent_memory(uuid[]), public.forget_expired_agent_memory(integer).
-- Locks:    share row exclusive on public.profiles, events, sponsors and workflow_execution_logs
--           until the transaction ends (foreign keys): writes to them wait. Nothing existing is
--           scanned or rewritten.
-- Rollback: rollback/20251017090600_ai_agents_analytics_memory.sql (drops the two tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017090000_sponsors_core,
--           20251017090100_sponsor_engagement, 20251017090300_automation_workflows,
--           20251017090400_ai_agents_sales_marketing, 20251017090500_ai_agents_operations_support.
--
-- Who may do what: service_role runs the agents. Organizers read the runs made for them; their
-- agents' memory is theirs to read, correct, extend and delete. No recall crosses tenants, not even
-- for service_role: the search names its owner, or finds nothing.

-- ---------------------------------------------------------------------------------------------
-- agent_analytics_activities
-- ---------------------------------------------------------------------------------------------

create table public.agent_analytics_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  execution_id uuid,
  period_start date,
  period_end date,
  metrics jsonb not null default '{}',
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
  constraint agent_analytics_activities_execution_fkey foreign key (owner_id, execution_id)
    references public.workflow_execution_logs (owner_id, id) on delete set null (execution_id),
  constraint agent_analytics_activities_kind_check check (
    kind in (
      'forecast', 'anomaly', 'report', 'segmentation', 'benchmark'
    )
  ),
  constraint agent_analytics_activities_model_check check (length(btrim(model)) between 1 and 100),
  constraint agent_analytics_activities_status_check check (
    status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')
  ),
  constraint agent_analytics_activities_input_check check (jsonb_typeof(input) = 'object'),
  constraint agent_analytics_activities_output_check check (
    jsonb_typeof(output) = 'object' and (status <> 'succeeded' or output is not null)
  ),
  constraint agent_analytics_activities_error_check check (status <> 'failed' or error is not null),
  constraint agent_analytics_activities_tokens_check check (
    input_tokens >= 0 and output_tokens >= 0
  ),
  constraint agent_analytics_activities_cost_check check (cost_microcents >= 0),
  constraint agent_analytics_activities_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint agent_analytics_activities_confidence_check check (confidence between 0 and 1),
  constraint agent_analytics_activities_period_check check (
    (period_start is null) = (period_end is null) and period_start <= period_end
  ),
  constraint agent_analytics_activities_metrics_check check (jsonb_typeof(metrics) = 'object'),
  constraint agent_analytics_activities_finished_at_check check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))
  )
);

comment on table public.agent_analytics_activities is
  'One run of the analytics agent for an organizer: what it looked at and what it measured.';
comment on column public.agent_analytics_activities.execution_id is
  'The workflow execution that asked for the run; null when a person or a schedule did.';
comment on column public.agent_analytics_activities.metrics is
  'The numbers it arrived at, by name; searched by containment.';
comment on column public.agent_analytics_activities.cost_microcents is
  'What the run cost, in millionths of a cent: most runs cost less than one. Add these up.';
comment on column public.agent_analytics_activities.cost_cents is
  'The same in cents, rounded up, for display.';
comment on column public.agent_analytics_activities.confidence is
  'How sure the agent was of its output, 0 to 1.';

create index agent_analytics_activities_owner_id_created_at_idx
  on public.agent_analytics_activities (owner_id, created_at desc);
create index agent_analytics_activities_metrics_idx
  on public.agent_analytics_activities using gin (metrics jsonb_path_ops);
create index agent_analytics_activities_owner_id_execution_id_idx
  on public.agent_analytics_activities (owner_id, execution_id);
create index agent_analytics_activities_event_id_idx
  on public.agent_analytics_activities (event_id);
create index agent_analytics_activities_open_idx
  on public.agent_analytics_activities (created_at) where status in ('queued', 'running');
create index agent_analytics_activities_output_idx
  on public.agent_analytics_activities using gin (output jsonb_path_ops);

alter table public.agent_analytics_activities enable row level security;
revoke all on table public.agent_analytics_activities from anon, authenticated, service_role;
grant select on table public.agent_analytics_activities to authenticated;
grant select, insert, update, delete on table public.agent_analytics_activities to service_role;

create policy "organizers read their own analytics runs"
  on public.agent_analytics_activities for select to authenticated
  using (owner_id = (select auth.uid()));

create trigger agent_analytics_activities_guard
  before insert or update on public.agent_analytics_activities
  for each row execute function private.guard_agent_run();

create trigger agent_analytics_activities_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_analytics_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_analytics_activities_set_updated_at
  before update on public.agent_analytics_activities
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- agent_memory
-- ---------------------------------------------------------------------------------------------

create table public.agent_memory (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  agent text not null,
  kind text not null default 'fact',
  content text not null,
  metadata jsonb not null default '{}',
  event_id uuid references public.events (id) on delete cascade,
  sponsor_id uuid,
  source_agent text,
  source_activity_id uuid,
  importance numeric(3, 2) not null default 0.5,
  expires_at timestamptz,
  recalled_at timestamptz,
  recall_count bigint not null default 0,
  embedding extensions.vector(1536),
  embedding_model text,
  search tsvector not null generated always as (
    to_tsvector('pg_catalog.english', content)
  ) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_memory_sponsor_fkey foreign key (owner_id, sponsor_id)
    references public.sponsors (owner_id, id) on delete cascade,
  constraint agent_memory_agent_check check (
    agent in ('sales', 'marketing', 'operations', 'support', 'analytics', 'shared')
  ),
  constraint agent_memory_kind_check check (
    kind in ('fact', 'preference', 'episode', 'summary', 'instruction')
  ),
  constraint agent_memory_content_check check (length(btrim(content)) between 1 and 20000),
  constraint agent_memory_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint agent_memory_source_check check (
    (source_agent is null) = (source_activity_id is null)
    and source_agent in ('sales', 'marketing', 'operations', 'support', 'analytics')
  ),
  constraint agent_memory_importance_check check (importance between 0 and 1),
  constraint agent_memory_expires_at_check check (expires_at > created_at),
  constraint agent_memory_recall_count_check check (recall_count >= 0),
  constraint agent_memory_embedding_model_check check (
    (embedding is null) = (embedding_model is null)
  )
);

comment on table public.agent_memory is
  'What the agents of one organizer remember. Recalled by meaning and by words; forgotten when expired.';
comment on column public.agent_memory.agent is
  'Whose memory it is; shared is recalled by all agents of the owner.';
comment on column public.agent_memory.sponsor_id is
  'The sponsor it is about, of the same owner; goes with the sponsor.';
comment on column public.agent_memory.source_activity_id is
  'The run it was learned in, of the same owner. No foreign key: a memory outlives old runs.';
comment on column public.agent_memory.importance is
  'How much it matters, 0 to 1; weighs the recall.';
comment on column public.agent_memory.expires_at is
  'From then on it is not recalled, and deleted by public.forget_expired_agent_memory(); null for ever.';
comment on column public.agent_memory.embedding is
  'Embedding of the content; a memory without one is still found by its words.';
comment on column public.agent_memory.embedding_model is
  'The model that made the embedding. Vectors of different models do not compare.';
comment on column public.agent_memory.search is 'Full text of the content (English).';

create index agent_memory_owner_id_agent_importance_idx
  on public.agent_memory (owner_id, agent, importance desc);
create index agent_memory_owner_id_sponsor_id_idx
  on public.agent_memory (owner_id, sponsor_id);
create index agent_memory_event_id_idx on public.agent_memory (event_id);
create index agent_memory_expires_at_idx
  on public.agent_memory (expires_at) where expires_at is not null;
create index agent_memory_metadata_idx
  on public.agent_memory using gin (metadata jsonb_path_ops);
create index agent_memory_search_idx on public.agent_memory using gin (search);
create index agent_memory_embedding_idx
  on public.agent_memory using hnsw (embedding extensions.vector_cosine_ops);

alter table public.agent_memory enable row level security;
revoke all on table public.agent_memory from anon, authenticated, service_role;
grant select, insert, update, delete on table public.agent_memory to authenticated, service_role;

create policy "organizers read their own agents' memory"
  on public.agent_memory for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers teach their own agents"
  on public.agent_memory for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers correct their own agents' memory"
  on public.agent_memory for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own agents' memory"
  on public.agent_memory for delete to authenticated
  using (owner_id = (select auth.uid()));

create function private.require_memory_source()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  source_exists boolean;
begin
  source_exists := case new.source_agent
    when 'sales' then exists (
      select from public.agent_sales_activities as a
      where a.id = new.source_activity_id and a.owner_id = new.owner_id
    )
    when 'marketing' then exists (
      select from public.agent_marketing_activities as a
      where a.id = new.source_activity_id and a.owner_id = new.owner_id
    )
    when 'operations' then exists (
      select from public.agent_operations_activities as a
      where a.id = new.source_activity_id and a.owner_id = new.owner_id
    )
    when 'support' then exists (
      select from public.agent_support_activities as a
      where a.id = new.source_activity_id and a.owner_id = new.owner_id
    )
    when 'analytics' then exists (
      select from public.agent_analytics_activities as a
      where a.id = new.source_activity_id and a.owner_id = new.owner_id
    )
    else true -- the check constraint refuses it with its own name
  end;
  if not source_exists then
    raise foreign_key_violation using
      message = format(
        'no %s run %s of owner %s', new.source_agent, new.source_activity_id, new.owner_id
      ),
      schema = tg_table_schema,
      table = tg_table_name,
      column = 'source_activity_id';
  end if;
  return new;
end;
$$;

comment on function private.require_memory_source() is
  'Trigger: refuses (23503) a memory whose source is not a run of the same owner.';

revoke execute on function private.require_memory_source() from public;

create trigger agent_memory_require_event_of_owner
  before insert or update of event_id, owner_id on public.agent_memory
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

create trigger agent_memory_require_source
  before insert or update of source_agent, source_activity_id, owner_id on public.agent_memory
  for each row
  when (new.source_activity_id is not null)
  execute function private.require_memory_source();

create trigger agent_memory_set_updated_at
  before update on public.agent_memory
  for each row execute function public.set_updated_at();

-- Reciprocal rank fusion: each memory scores weight / (60 + rank) in each of the two lists it is
-- in, so that no distance has to be compared with a text rank. Either query may be null. Ranks near
-- the top differ by a sixtieth, so importance weighs little: 0.2 lifts the most important memory
-- over a dozen equally relevant ones. The iterative scan is set in the body for the same reason as
-- in public.match_sponsors.
create function public.recall_agent_memory(
  query_text text,
  query_embedding extensions.vector,
  for_agent text default null,
  match_count integer default 10,
  about_sponsor uuid default null,
  semantic_weight double precision default 1,
  text_weight double precision default 1,
  importance_weight double precision default 0.2,
  for_owner uuid default null
)
returns table (
  id uuid,
  agent text,
  kind text,
  content text,
  metadata jsonb,
  importance numeric,
  similarity double precision,
  score double precision
)
language plpgsql
stable
set search_path = ''
as $$
declare
  iterative_scan constant text := current_setting('hnsw.iterative_scan', true);
begin
  perform set_config('hnsw.iterative_scan', 'strict_order', true);
  return query
    with nearest as (
      select n.id, n.distance, row_number() over (order by n.distance, n.id) as place
      from (
        select m.id, m.embedding operator(extensions.<=>) query_embedding as distance
        from public.agent_memory as m
        where m.owner_id = coalesce(for_owner, (select auth.uid()))
          and (for_agent is null or m.agent in (for_agent, 'shared'))
          and (about_sponsor is null or m.sponsor_id = about_sponsor)
          and (m.expires_at is null or m.expires_at > now())
          and m.embedding is not null
          and query_embedding is not null
        order by m.embedding operator(extensions.<=>) query_embedding
        limit 4 * least(greatest(match_count, 1), 100)
      ) as n
    ),
    worded as (
      select w.id, row_number() over (order by w.rank desc, w.id) as place
      from (
        select m.id, ts_rank_cd(m.search, q.terms) as rank
        from public.agent_memory as m
        cross join websearch_to_tsquery('pg_catalog.english', query_text) as q (terms)
        where m.owner_id = coalesce(for_owner, (select auth.uid()))
          and (for_agent is null or m.agent in (for_agent, 'shared'))
          and (about_sponsor is null or m.sponsor_id = about_sponsor)
          and (m.expires_at is null or m.expires_at > now())
          and m.search @@ q.terms
        order by rank desc, m.id
        limit 4 * least(greatest(match_count, 1), 100)
      ) as w
    ),
    fused as (
      select
        coalesce(n.id, w.id) as id,
        1 - n.distance as similarity,
        coalesce(semantic_weight / (60 + n.place), 0)
          + coalesce(text_weight / (60 + w.place), 0) as score
      from nearest as n
      full join worded as w on w.id = n.id
    )
    select
      m.id, m.agent, m.kind, m.content, m.metadata, m.importance, f.similarity,
      f.score * (1 + importance_weight * m.importance::double precision) as score
    from fused as f
    join public.agent_memory as m on m.id = f.id
    order by 8 desc, m.id
    limit least(greatest(match_count, 1), 100);
  perform set_config('hnsw.iterative_scan', coalesce(nullif(iterative_scan, ''), 'off'), true);
end;
$$;

comment on function public.recall_agent_memory(
  text, extensions.vector, text, integer, uuid, double precision, double precision,
  double precision, uuid
) is
  'What one organizer''s agent remembers of a question: nearest by meaning and best by words, fused by rank, weighed by importance, without what expired. for_owner defaults to the caller; without either nothing is recalled. Row-level security applies.';

revoke execute on function public.recall_agent_memory(
  text, extensions.vector, text, integer, uuid, double precision, double precision,
  double precision, uuid
) from public, anon, authenticated, service_role;
grant execute on function public.recall_agent_memory(
  text, extensions.vector, text, integer, uuid, double precision, double precision,
  double precision, uuid
) to authenticated, service_role;

create function public.touch_agent_memory(memory_ids uuid[])
returns integer
language plpgsql
set search_path = ''
as $$
declare
  touched integer;
begin
  update public.agent_memory as m
  set recalled_at = now(), recall_count = m.recall_count + 1
  where m.id = any (memory_ids);
  get diagnostics touched = row_count;
  return touched;
end;
$$;

comment on function public.touch_agent_memory(uuid[]) is
  'Notes that these memories were of use, and returns how many it found. Recalling itself only reads.';

revoke execute on function public.touch_agent_memory(uuid[])
  from public, anon, authenticated, service_role;
grant execute on function public.touch_agent_memory(uuid[]) to service_role;

create function public.forget_expired_agent_memory(batch_size integer default 1000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  forgotten integer;
begin
  delete from public.agent_memory as m
  where m.id in (
    select e.id
    from public.agent_memory as e
    where e.expires_at <= now()
    order by e.expires_at
    limit least(greatest(batch_size, 1), 10000)
    for update skip locked
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function public.forget_expired_agent_memory(integer) is
  'Deletes expired memories of all owners, oldest first, in batches; returns how many. For a schedule, by service_role only.';

revoke execute on function public.forget_expired_agent_memory(integer)
  from public, anon, authenticated, service_role;
grant execute on function public.forget_expired_agent_memory(integer) to service_role;
