-- sponsor_engagement
--
-- Purpose:  what was said, offered, scored and planned with each sponsor: a log that users can only
--           add to; proposals that move through allowed states only and log each move; one current
--           lead score per sponsor and event; follow-up sequences that advance when they are due.
-- Objects:  tables public.sponsor_activities, sponsor_proposals, sponsor_lead_scores,
--           follow_up_sequences; functions private.require_event_of_owner(),
--           proposal_benefits_valid(jsonb), guard_sponsor_proposal(), log_sponsor_proposal(),
--           retire_lead_score(), follow_up_steps_valid(jsonb),
--           public.advance_follow_up_sequence(uuid).
-- Locks:    share row exclusive on public.profiles, events and sponsors until the transaction ends
--           (foreign keys): writes to them wait. Nothing existing is scanned or rewritten.
-- Rollback: rollback/20251017090100_sponsor_engagement.sql (drops the four tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017090000_sponsors_core.
--
-- Who may do what: organizers work on what is theirs; they cannot rewrite the log, nor delete what
-- was sent to a sponsor. A sponsor with a log or proposals is therefore set inactive, not deleted
-- (the keys restrict); erasing one is for service_role, which cannot rewrite the log either.

-- A foreign key cannot say "an event of this owner" without a second unique key on events, which
-- an existing table should not be given for this. The trigger says it, with a foreign key's error.
create function private.require_event_of_owner()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select from public.events as e
    where e.id = new.event_id and e.organizer_id = new.owner_id
  ) then
    raise foreign_key_violation using
      message = format('event %s is not an event of owner %s', new.event_id, new.owner_id),
      hint = 'Use an event whose organizer_id is the row''s owner_id.',
      schema = tg_table_schema,
      table = tg_table_name,
      column = 'event_id';
  end if;
  return new;
end;
$$;

comment on function private.require_event_of_owner() is
  'Trigger: refuses (23503) a row whose event does not belong to the row''s owner_id.';

revoke execute on function private.require_event_of_owner() from public;

-- ---------------------------------------------------------------------------------------------
-- sponsor_activities
-- ---------------------------------------------------------------------------------------------

create table public.sponsor_activities (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsor_id uuid not null,
  event_id uuid references public.events (id) on delete set null,
  actor_id uuid default auth.uid() references public.profiles (id) on delete set null,
  kind text not null,
  subject text not null,
  body text,
  details jsonb not null default '{}',
  occurred_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint sponsor_activities_sponsor_fkey
    foreign key (owner_id, sponsor_id) references public.sponsors (owner_id, id) on delete restrict,
  constraint sponsor_activities_kind_check check (
    kind in ('email', 'call', 'meeting', 'message', 'note', 'proposal', 'follow_up')
  ),
  constraint sponsor_activities_subject_check check (length(btrim(subject)) between 1 and 300),
  constraint sponsor_activities_details_check check (jsonb_typeof(details) = 'object')
);

comment on table public.sponsor_activities is
  'What happened with a sponsor, newest last. Append-only: nobody updates it, users cannot delete.';
comment on column public.sponsor_activities.actor_id is
  'Who did it; null for the system or a person since deleted.';
comment on column public.sponsor_activities.details is
  'What the kind of activity adds, for example the proposal and its old and new status.';

create index sponsor_activities_owner_id_sponsor_id_idx
  on public.sponsor_activities (owner_id, sponsor_id, occurred_at desc);
create index sponsor_activities_event_id_idx on public.sponsor_activities (event_id);
create index sponsor_activities_actor_id_idx on public.sponsor_activities (actor_id);
create index sponsor_activities_details_idx
  on public.sponsor_activities using gin (details jsonb_path_ops);

create trigger sponsor_activities_require_event_of_owner
  before insert on public.sponsor_activities
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();

alter table public.sponsor_activities enable row level security;
revoke all on table public.sponsor_activities from anon, authenticated, service_role;
grant select, insert on table public.sponsor_activities to authenticated;
grant select, insert, delete on table public.sponsor_activities to service_role;

create policy "organizers read the activities of their own sponsors"
  on public.sponsor_activities for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers log activities in their own name"
  on public.sponsor_activities for insert to authenticated
  with check (owner_id = (select auth.uid()) and actor_id = (select auth.uid()));

-- ---------------------------------------------------------------------------------------------
-- sponsor_proposals
-- ---------------------------------------------------------------------------------------------

create function private.proposal_benefits_valid(benefits jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case
    when jsonb_typeof(benefits) is distinct from 'array' then false
    when jsonb_array_length(benefits) > 50 then false
    else not exists (
      select
      from jsonb_array_elements(benefits) as benefit
      where case
        when jsonb_typeof(benefit) <> 'object' then true
        else
          benefit - array['title', 'kind', 'days_before_event'] <> '{}'::jsonb
          or jsonb_typeof(benefit -> 'title') is distinct from 'string'
          or length(btrim(benefit ->> 'title')) not between 1 and 200
          or coalesce(benefit ->> 'kind', '') not in (
            'logo', 'booth', 'speaking_slot', 'social_post', 'email_feature', 'tickets', 'other'
          )
          or coalesce(benefit -> 'days_before_event', '0')::text !~ '^-?[0-9]{1,3}$'
      end
    )
  end;
$$;

comment on function private.proposal_benefits_valid(jsonb) is
  'True when the value is an array of at most 50 {"title", "kind", "days_before_event"?} objects, as deliverables are made of.';

-- A check constraint runs its function with the rights of whoever writes the row.
revoke execute on function private.proposal_benefits_valid(jsonb) from public;
grant execute on function private.proposal_benefits_valid(jsonb) to authenticated, service_role;

create table public.sponsor_proposals (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsor_id uuid not null,
  event_id uuid not null references public.events (id) on delete restrict,
  title text not null,
  tier text not null,
  amount_cents bigint not null,
  currency text not null default 'USD',
  benefits jsonb not null default '[]',
  message text,
  valid_until date,
  status text not null default 'draft',
  sent_at timestamptz,
  decided_at timestamptz,
  decline_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- What a sponsorship points at: the proposal, of the same owner, sponsor and event.
  constraint sponsor_proposals_owner_id_sponsor_id_event_id_id_key
    unique (owner_id, sponsor_id, event_id, id),
  constraint sponsor_proposals_sponsor_fkey
    foreign key (owner_id, sponsor_id) references public.sponsors (owner_id, id) on delete restrict,
  constraint sponsor_proposals_title_check check (length(btrim(title)) between 1 and 200),
  constraint sponsor_proposals_tier_check check (
    tier in ('title', 'platinum', 'gold', 'silver', 'bronze', 'community', 'in_kind')
  ),
  constraint sponsor_proposals_amount_check check (
    amount_cents > 0 or (amount_cents = 0 and tier = 'in_kind')
  ),
  constraint sponsor_proposals_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint sponsor_proposals_benefits_check check (private.proposal_benefits_valid(benefits)),
  constraint sponsor_proposals_status_check check (
    status in ('draft', 'sent', 'negotiating', 'accepted', 'declined', 'expired', 'withdrawn')
  ),
  constraint sponsor_proposals_sent_at_check check (
    status in ('draft', 'withdrawn') or sent_at is not null
  ),
  constraint sponsor_proposals_decided_at_check check (
    (decided_at is not null) = (status in ('accepted', 'declined', 'expired', 'withdrawn'))
  )
);

comment on table public.sponsor_proposals is
  'An offer to a sponsor for one event: draft → sent ⇄ negotiating → accepted, declined or expired; '
  'withdrawn from any state before those. Terms can change in draft and negotiating only.';
comment on column public.sponsor_proposals.benefits is
  'What the sponsor gets: an array of {"title", "kind", "days_before_event"}; becomes deliverables.';

create index sponsor_proposals_event_id_idx on public.sponsor_proposals (event_id);
create index sponsor_proposals_owner_id_open_idx
  on public.sponsor_proposals (owner_id, valid_until) where status in ('sent', 'negotiating');
create index sponsor_proposals_benefits_idx
  on public.sponsor_proposals using gin (benefits jsonb_path_ops);

create function private.guard_sponsor_proposal()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then
      raise check_violation using
        message = format('a proposal starts as a draft, not as %L', new.status),
        constraint = 'sponsor_proposals_transition',
        hint = 'Insert it with status draft, then update the status.';
    end if;
    new.sent_at := null;
    new.decided_at := null;
    return new;
  end if;

  if old.status <> new.status and not (
    case old.status
      when 'draft' then new.status in ('sent', 'withdrawn')
      when 'sent' then
        new.status in ('negotiating', 'accepted', 'declined', 'expired', 'withdrawn')
      when 'negotiating' then
        new.status in ('sent', 'accepted', 'declined', 'expired', 'withdrawn')
      else false
    end
  ) then
    raise check_violation using
      message = format('a proposal cannot go from %L to %L', old.status, new.status),
      constraint = 'sponsor_proposals_transition';
  end if;

  if old.status not in ('draft', 'negotiating') and (
    (old.title, old.tier, old.amount_cents, old.currency, old.benefits, old.valid_until)
    is distinct from
    (new.title, new.tier, new.amount_cents, new.currency, new.benefits, new.valid_until)
  ) then
    raise check_violation using
      message = format('the terms of a proposal that is %L cannot change', old.status),
      constraint = 'sponsor_proposals_terms',
      hint = 'Set the status to negotiating first, or withdraw it and make a new one.';
  end if;

  new.sent_at := case
    when new.status = 'sent' and old.status <> 'sent' then now()
    else old.sent_at
  end;
  new.decided_at := case
    when new.status in ('accepted', 'declined', 'expired', 'withdrawn')
      then coalesce(old.decided_at, now())
  end;
  return new;
end;
$$;

comment on function private.guard_sponsor_proposal() is
  'Trigger: the state machine of proposals; stamps sent_at and decided_at; freezes sent terms (23514).';

revoke execute on function private.guard_sponsor_proposal() from public;

create function private.log_sponsor_proposal()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into public.sponsor_activities (owner_id, sponsor_id, event_id, kind, subject, details)
  values (
    new.owner_id,
    new.sponsor_id,
    new.event_id,
    'proposal',
    format('Proposal "%s" is now %s', new.title, new.status),
    jsonb_build_object('proposal_id', new.id, 'from', old.status, 'to', new.status)
  );
  return null;
end;
$$;

comment on function private.log_sponsor_proposal() is
  'Trigger: writes each change of a proposal''s status to the sponsor''s activity log.';

revoke execute on function private.log_sponsor_proposal() from public;

create trigger sponsor_proposals_guard
  before insert or update on public.sponsor_proposals
  for each row execute function private.guard_sponsor_proposal();
create trigger sponsor_proposals_log
  after update of status on public.sponsor_proposals
  for each row
  when (old.status is distinct from new.status)
  execute function private.log_sponsor_proposal();
create trigger sponsor_proposals_require_event_of_owner
  before insert or update of event_id, owner_id on public.sponsor_proposals
  for each row execute function private.require_event_of_owner();
create trigger sponsor_proposals_set_updated_at
  before update on public.sponsor_proposals
  for each row execute function public.set_updated_at();

alter table public.sponsor_proposals enable row level security;
revoke all on table public.sponsor_proposals from anon, authenticated, service_role;
grant select, insert, update, delete on table public.sponsor_proposals
  to authenticated, service_role;

create policy "organizers read their own proposals"
  on public.sponsor_proposals for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers draft proposals of their own"
  on public.sponsor_proposals for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own proposals"
  on public.sponsor_proposals for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

-- What was sent to a sponsor is a record: only drafts can be deleted by their author.
create policy "organizers delete their own drafts"
  on public.sponsor_proposals for delete to authenticated
  using (owner_id = (select auth.uid()) and status = 'draft');

-- ---------------------------------------------------------------------------------------------
-- sponsor_lead_scores
-- ---------------------------------------------------------------------------------------------

create table public.sponsor_lead_scores (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsor_id uuid not null,
  event_id uuid not null references public.events (id) on delete cascade,
  score smallint not null,
  factors jsonb not null default '{}',
  rationale text,
  scored_by text not null default 'user',
  is_current boolean not null default true,
  scored_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sponsor_lead_scores_sponsor_fkey
    foreign key (owner_id, sponsor_id) references public.sponsors (owner_id, id) on delete cascade,
  constraint sponsor_lead_scores_score_check check (score between 0 and 100),
  constraint sponsor_lead_scores_factors_check check (jsonb_typeof(factors) = 'object'),
  constraint sponsor_lead_scores_scored_by_check check (scored_by in ('user', 'agent', 'rule'))
);

comment on table public.sponsor_lead_scores is
  'How promising a sponsor is for an event, 0 to 100. The newest is current; the older ones stay.';
comment on column public.sponsor_lead_scores.factors is
  'What the score was made of: an object of factor name to weight or evidence.';
comment on column public.sponsor_lead_scores.is_current is
  'True for at most one score per sponsor and event; a newer current one takes it away.';

create unique index sponsor_lead_scores_current_key
  on public.sponsor_lead_scores (sponsor_id, event_id) where is_current;
create index sponsor_lead_scores_owner_id_sponsor_id_idx
  on public.sponsor_lead_scores (owner_id, sponsor_id, scored_at desc);
create index sponsor_lead_scores_event_id_idx
  on public.sponsor_lead_scores (event_id, score desc);
create index sponsor_lead_scores_factors_idx
  on public.sponsor_lead_scores using gin (factors jsonb_path_ops);

create function private.retire_lead_score()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update public.sponsor_lead_scores as s
  set is_current = false
  where s.owner_id = new.owner_id
    and s.sponsor_id = new.sponsor_id
    and s.event_id = new.event_id
    and s.is_current;
  return new;
end;
$$;

comment on function private.retire_lead_score() is
  'Trigger: a new current score retires the one before it. Of two at once, one gets 23505.';

revoke execute on function private.retire_lead_score() from public;

create trigger sponsor_lead_scores_require_event_of_owner
  before insert or update of event_id, owner_id on public.sponsor_lead_scores
  for each row execute function private.require_event_of_owner();
create trigger sponsor_lead_scores_retire
  before insert on public.sponsor_lead_scores
  for each row
  when (new.is_current)
  execute function private.retire_lead_score();
create trigger sponsor_lead_scores_set_updated_at
  before update on public.sponsor_lead_scores
  for each row execute function public.set_updated_at();

alter table public.sponsor_lead_scores enable row level security;
revoke all on table public.sponsor_lead_scores from anon, authenticated, service_role;
grant select, insert, update, delete on table public.sponsor_lead_scores
  to authenticated, service_role;

create policy "organizers read the scores of their own sponsors"
  on public.sponsor_lead_scores for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers score their own sponsors"
  on public.sponsor_lead_scores for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers correct the scores of their own sponsors"
  on public.sponsor_lead_scores for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete the scores of their own sponsors"
  on public.sponsor_lead_scores for delete to authenticated
  using (owner_id = (select auth.uid()));

-- ---------------------------------------------------------------------------------------------
-- follow_up_sequences
-- ---------------------------------------------------------------------------------------------

create function private.follow_up_steps_valid(steps jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case
    when jsonb_typeof(steps) is distinct from 'array' then false
    when jsonb_array_length(steps) not between 1 and 20 then false
    else not exists (
      select
      from jsonb_array_elements(steps) as step
      where case
        when jsonb_typeof(step) <> 'object' then true
        else
          step - array['channel', 'after_days', 'template'] <> '{}'::jsonb
          or coalesce(step ->> 'channel', '') not in ('email', 'whatsapp', 'call', 'linkedin')
          or coalesce(step -> 'after_days', 'null')::text !~ '^[0-9]{1,3}$'
          or jsonb_typeof(coalesce(step -> 'template', '""')) <> 'string'
      end
    )
  end;
$$;

comment on function private.follow_up_steps_valid(jsonb) is
  'True when the value is an array of 1 to 20 {"channel", "after_days", "template"?} objects.';

-- A check constraint runs its function with the rights of whoever writes the row.
revoke execute on function private.follow_up_steps_valid(jsonb) from public;
grant execute on function private.follow_up_steps_valid(jsonb) to authenticated, service_role;

create table public.follow_up_sequences (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsor_id uuid not null,
  event_id uuid references public.events (id) on delete cascade,
  name text not null,
  steps jsonb not null,
  steps_done smallint not null default 0,
  status text not null default 'active',
  next_step_at timestamptz default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint follow_up_sequences_sponsor_fkey
    foreign key (owner_id, sponsor_id) references public.sponsors (owner_id, id) on delete cascade,
  constraint follow_up_sequences_name_check check (length(btrim(name)) between 1 and 200),
  constraint follow_up_sequences_steps_check check (private.follow_up_steps_valid(steps)),
  constraint follow_up_sequences_steps_done_check check (
    steps_done between 0 and jsonb_array_length(steps)
  ),
  constraint follow_up_sequences_status_check check (
    status in ('active', 'paused', 'completed', 'cancelled')
  ),
  constraint follow_up_sequences_next_step_check check (
    (status = 'active') = (next_step_at is not null)
  )
);

comment on table public.follow_up_sequences is
  'A planned series of contacts with a sponsor; a server takes the next step when it is due.';
comment on column public.follow_up_sequences.steps is
  'Array of {"channel", "after_days", "template"?}; after_days counts from the step before.';
comment on column public.follow_up_sequences.next_step_at is
  'When the next step is due; set exactly while the sequence is active.';

create index follow_up_sequences_owner_id_sponsor_id_idx
  on public.follow_up_sequences (owner_id, sponsor_id);
create index follow_up_sequences_event_id_idx on public.follow_up_sequences (event_id);
create index follow_up_sequences_due_idx
  on public.follow_up_sequences (next_step_at) where status = 'active';
create index follow_up_sequences_steps_idx
  on public.follow_up_sequences using gin (steps jsonb_path_ops);

create trigger follow_up_sequences_require_event_of_owner
  before insert or update of event_id, owner_id on public.follow_up_sequences
  for each row
  when (new.event_id is not null)
  execute function private.require_event_of_owner();
create trigger follow_up_sequences_set_updated_at
  before update on public.follow_up_sequences
  for each row execute function public.set_updated_at();

alter table public.follow_up_sequences enable row level security;
revoke all on table public.follow_up_sequences from anon, authenticated, service_role;
grant select, insert, update, delete on table public.follow_up_sequences
  to authenticated, service_role;

create policy "organizers read their own follow-ups"
  on public.follow_up_sequences for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers plan follow-ups of their own"
  on public.follow_up_sequences for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own follow-ups"
  on public.follow_up_sequences for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own follow-ups"
  on public.follow_up_sequences for delete to authenticated
  using (owner_id = (select auth.uid()));

create function public.advance_follow_up_sequence(sequence_id uuid)
returns public.follow_up_sequences
language plpgsql
set search_path = ''
as $$
declare
  sequence public.follow_up_sequences;
  following jsonb;
begin
  select * into sequence
  from public.follow_up_sequences as f
  where f.id = sequence_id
  for update;
  if not found then
    raise no_data_found using
      message = format('no follow-up sequence %s that you may change', sequence_id);
  end if;
  if sequence.status <> 'active' then
    raise object_not_in_prerequisite_state using
      message = format('follow-up sequence %s is %s, not active', sequence_id, sequence.status);
  end if;

  insert into public.sponsor_activities (owner_id, sponsor_id, event_id, kind, subject, details)
  values (
    sequence.owner_id,
    sequence.sponsor_id,
    sequence.event_id,
    'follow_up',
    format('%s: step %s', sequence.name, sequence.steps_done + 1),
    jsonb_build_object('sequence_id', sequence.id, 'step', sequence.steps -> sequence.steps_done)
  );

  following := sequence.steps -> (sequence.steps_done + 1);
  update public.follow_up_sequences as f
  set
    steps_done = f.steps_done + 1,
    status = case when following is null then 'completed' else 'active' end,
    next_step_at = now() + make_interval(days => (following ->> 'after_days')::integer)
  where f.id = sequence_id
  returning f.* into sequence;
  return sequence;
end;
$$;

comment on function public.advance_follow_up_sequence(uuid) is
  'Logs the due step as an activity and moves to the next; completes the sequence after the last. '
  'Call it after the message was sent. Row-level security decides whose sequences.';

revoke execute on function public.advance_follow_up_sequence(uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.advance_follow_up_sequence(uuid) to authenticated, service_role;
