-- sponsorships_deliverables
--
-- Purpose:  what a sponsor bought at an event, and what the organizer owes for it. A sponsorship is
--           fulfilled when its last deliverable is done, and no longer when one is reopened.
-- Objects:  tables public.sponsorships, sponsor_deliverables; functions
--           private.guard_sponsorship(), stamp_sponsor_deliverable(), follow_sponsor_deliverables(),
--           public.convert_sponsor_proposal(uuid).
-- Locks:    share row exclusive on public.events, sponsors and sponsor_proposals until the
--           transaction ends (foreign keys): writes to them wait. Nothing existing is scanned.
-- Rollback: rollback/20251017090200_sponsorships_deliverables.sql (drops the two tables).
-- Requires: 20251013060000_core_eventos_schema_production, 20251017090000_sponsors_core,
--           20251017090100_sponsor_engagement (proposals, private.require_event_of_owner()).
--
-- Who may do what: organizers work on what is theirs; a sponsorship is cancelled, not deleted, once
-- it was confirmed. Nobody sets it to fulfilled by hand: the guard looks at the deliverables.

-- ---------------------------------------------------------------------------------------------
-- sponsorships
-- ---------------------------------------------------------------------------------------------

create table public.sponsorships (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsor_id uuid not null,
  event_id uuid not null references public.events (id) on delete restrict,
  proposal_id uuid,
  tier text not null,
  amount_cents bigint not null,
  paid_cents bigint not null default 0,
  currency text not null default 'USD',
  status text not null default 'pending',
  confirmed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sponsorships_owner_id_id_key unique (owner_id, id),
  constraint sponsorships_sponsor_fkey foreign key (owner_id, sponsor_id)
    references public.sponsors (owner_id, id) on delete restrict,
  constraint sponsorships_proposal_fkey foreign key (owner_id, sponsor_id, event_id, proposal_id)
    references public.sponsor_proposals (owner_id, sponsor_id, event_id, id)
    on delete set null (proposal_id),
  constraint sponsorships_tier_check check (
    tier in ('title', 'platinum', 'gold', 'silver', 'bronze', 'community', 'in_kind')
  ),
  constraint sponsorships_amount_check check (
    amount_cents > 0 or (amount_cents = 0 and tier = 'in_kind')
  ),
  constraint sponsorships_paid_check check (paid_cents between 0 and amount_cents),
  constraint sponsorships_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint sponsorships_status_check check (
    status in ('pending', 'confirmed', 'fulfilled', 'cancelled')
  ),
  constraint sponsorships_confirmed_at_check check (
    status not in ('confirmed', 'fulfilled') or confirmed_at is not null
  )
);

comment on table public.sponsorships is
  'A sponsor''s engagement at one event: pending → confirmed ⇄ fulfilled; cancelled from any of them. fulfilled follows the deliverables.';
comment on column public.sponsorships.proposal_id is
  'The accepted proposal it came from, of the same owner, sponsor and event; null for a direct deal.';
comment on column public.sponsorships.amount_cents is
  'The price agreed; zero for payment in kind only.';
comment on constraint sponsorships_owner_id_id_key on public.sponsorships is
  'The target of the deliverables'' composite key.';

create unique index sponsorships_live_key
  on public.sponsorships (sponsor_id, event_id) where status <> 'cancelled';
create index sponsorships_owner_id_sponsor_id_event_id_proposal_id_idx
  on public.sponsorships (owner_id, sponsor_id, event_id, proposal_id);
create index sponsorships_event_id_idx on public.sponsorships (event_id);

alter table public.sponsorships enable row level security;
revoke all on table public.sponsorships from anon, authenticated, service_role;
grant select, insert, update, delete on table public.sponsorships to authenticated, service_role;

create policy "organizers read their own sponsorships"
  on public.sponsorships for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers record sponsorships of their own"
  on public.sponsorships for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own sponsorships"
  on public.sponsorships for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete what was never confirmed"
  on public.sponsorships for delete to authenticated
  using (owner_id = (select auth.uid()) and confirmed_at is null);

-- ---------------------------------------------------------------------------------------------
-- sponsor_deliverables
-- ---------------------------------------------------------------------------------------------

create table public.sponsor_deliverables (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  sponsorship_id uuid not null,
  title text not null,
  kind text not null default 'other',
  responsible text not null default 'organizer',
  due_date date not null,
  status text not null default 'pending',
  evidence jsonb not null default '{}',
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sponsor_deliverables_sponsorship_fkey foreign key (owner_id, sponsorship_id)
    references public.sponsorships (owner_id, id) on delete cascade,
  constraint sponsor_deliverables_title_check check (length(btrim(title)) between 1 and 200),
  constraint sponsor_deliverables_kind_check check (
    kind in ('logo', 'booth', 'speaking_slot', 'social_post', 'email_feature', 'tickets', 'other')
  ),
  constraint sponsor_deliverables_responsible_check check (responsible in ('organizer', 'sponsor')),
  constraint sponsor_deliverables_status_check check (
    status in ('pending', 'in_progress', 'completed', 'waived')
  ),
  constraint sponsor_deliverables_evidence_check check (jsonb_typeof(evidence) = 'object'),
  constraint sponsor_deliverables_completed_at_check check (
    (status = 'completed') = (completed_at is not null)
  )
);

comment on table public.sponsor_deliverables is
  'One thing owed under a sponsorship, with its due date. Completed and waived ones are done.';
comment on column public.sponsor_deliverables.responsible is
  'Who has to act: the organizer, or the sponsor (for example, send the logo).';
comment on column public.sponsor_deliverables.evidence is
  'What proves that it was done: links, reach, photographs. An object.';
comment on column public.sponsor_deliverables.completed_at is
  'Set by a trigger exactly while the status is completed.';

create index sponsor_deliverables_owner_id_sponsorship_id_idx
  on public.sponsor_deliverables (owner_id, sponsorship_id);
create index sponsor_deliverables_open_due_date_idx
  on public.sponsor_deliverables (due_date) where status in ('pending', 'in_progress');
create index sponsor_deliverables_evidence_idx
  on public.sponsor_deliverables using gin (evidence jsonb_path_ops);

alter table public.sponsor_deliverables enable row level security;
revoke all on table public.sponsor_deliverables from anon, authenticated, service_role;
grant select, insert, update, delete on table public.sponsor_deliverables
  to authenticated, service_role;

create policy "organizers read their own deliverables"
  on public.sponsor_deliverables for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers add deliverables of their own"
  on public.sponsor_deliverables for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own deliverables"
  on public.sponsor_deliverables for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own deliverables"
  on public.sponsor_deliverables for delete to authenticated
  using (owner_id = (select auth.uid()));

-- ---------------------------------------------------------------------------------------------
-- The two move together
-- ---------------------------------------------------------------------------------------------

create function private.guard_sponsorship()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  owed bigint;
  outstanding bigint;
begin
  if tg_op = 'INSERT' then
    if new.status not in ('pending', 'confirmed') then
      raise check_violation using
        message = format('a sponsorship starts as pending or confirmed, not as %L', new.status),
        constraint = 'sponsorships_transition';
    end if;
  elsif old.status <> new.status and not (
    case old.status
      when 'pending' then new.status in ('confirmed', 'cancelled')
      when 'confirmed' then new.status in ('fulfilled', 'cancelled')
      when 'fulfilled' then new.status in ('confirmed', 'cancelled')
      else false
    end
  ) then
    raise check_violation using
      message = format('a sponsorship cannot go from %L to %L', old.status, new.status),
      constraint = 'sponsorships_transition';
  end if;

  if tg_op = 'UPDATE' and old.status <> new.status and new.status in ('confirmed', 'fulfilled') then
    select count(*), count(*) filter (where d.status in ('pending', 'in_progress'))
    into owed, outstanding
    from public.sponsor_deliverables as d
    where d.owner_id = new.owner_id and d.sponsorship_id = new.id;
    if old.status = 'pending' then
      new.status := case when owed > 0 and outstanding = 0 then 'fulfilled' else 'confirmed' end;
    elsif (new.status = 'fulfilled') <> (owed > 0 and outstanding = 0) then
      raise check_violation using
        message = format(
          'a sponsorship with %s of %s deliverables outstanding is not %s',
          outstanding, owed, new.status
        ),
        constraint = 'sponsorships_follow_deliverables',
        hint = 'Change the deliverables; the status follows by itself.';
    end if;
  end if;

  if new.proposal_id is not null
    and (tg_op = 'INSERT' or new.proposal_id is distinct from old.proposal_id)
    and exists (
      select from public.sponsor_proposals as p
      where p.id = new.proposal_id and p.status <> 'accepted'
    )
  then
    raise check_violation using
      message = format('proposal %s was not accepted', new.proposal_id),
      constraint = 'sponsorships_proposal_accepted';
  end if;

  new.confirmed_at := case
    when tg_op = 'UPDATE' and old.confirmed_at is not null then old.confirmed_at
    when new.status in ('confirmed', 'fulfilled') then now()
  end;
  return new;
end;
$$;

comment on function private.guard_sponsorship() is
  'Trigger: the state machine of sponsorships; fulfilled only when the deliverables say so; stamps confirmed_at (23514).';

revoke execute on function private.guard_sponsorship() from public;

create trigger sponsorships_guard
  before insert or update on public.sponsorships
  for each row execute function private.guard_sponsorship();

create trigger sponsorships_require_event_of_owner
  before insert or update of event_id, owner_id on public.sponsorships
  for each row execute function private.require_event_of_owner();

create trigger sponsorships_set_updated_at
  before update on public.sponsorships
  for each row execute function public.set_updated_at();

create function private.stamp_sponsor_deliverable()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.completed_at := case
    when new.status <> 'completed' then null
    when tg_op = 'UPDATE' and old.status = 'completed' then old.completed_at
    else now()
  end;
  return new;
end;
$$;

comment on function private.stamp_sponsor_deliverable() is
  'Trigger: completed_at is the time of completion while the status is completed, null otherwise.';

revoke execute on function private.stamp_sponsor_deliverable() from public;

create trigger sponsor_deliverables_set_updated_at
  before update on public.sponsor_deliverables
  for each row execute function public.set_updated_at();

create trigger sponsor_deliverables_stamp
  before insert or update on public.sponsor_deliverables
  for each row execute function private.stamp_sponsor_deliverable();

-- The sponsorship is locked before its deliverables are counted: of two people who each complete
-- one of the last two, the second waits and sees the first one's.
create function private.follow_sponsor_deliverables()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  touched uuid[];
  sponsorship public.sponsorships;
  follows text;
begin
  touched := case tg_op
    when 'INSERT' then array[new.sponsorship_id]
    when 'DELETE' then array[old.sponsorship_id]
    else array[old.sponsorship_id, new.sponsorship_id]
  end;
  for sponsorship in
    select s.*
    from public.sponsorships as s
    where s.id = any (touched) and s.status in ('confirmed', 'fulfilled')
    order by s.id
    for update
  loop
    select
      case
        when count(*) > 0
          and count(*) filter (where d.status in ('pending', 'in_progress')) = 0 then 'fulfilled'
        else 'confirmed'
      end
    into follows
    from public.sponsor_deliverables as d
    where d.owner_id = sponsorship.owner_id and d.sponsorship_id = sponsorship.id;
    update public.sponsorships as s
    set status = follows
    where s.id = sponsorship.id and s.status <> follows;
  end loop;
  return null;
end;
$$;

comment on function private.follow_sponsor_deliverables() is
  'Trigger: a confirmed sponsorship becomes fulfilled with its last deliverable, and confirmed again when one is open.';

revoke execute on function private.follow_sponsor_deliverables() from public;

create trigger sponsor_deliverables_follow
  after insert or update of status, sponsorship_id or delete on public.sponsor_deliverables
  for each row execute function private.follow_sponsor_deliverables();

create function public.convert_sponsor_proposal(accepted_proposal_id uuid)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  proposal public.sponsor_proposals;
  new_sponsorship_id uuid;
begin
  select * into proposal
  from public.sponsor_proposals as p
  where p.id = accepted_proposal_id;
  if not found then
    raise no_data_found using
      message = format('no proposal %s that you may read', accepted_proposal_id);
  end if;

  insert into public.sponsorships (
    owner_id, sponsor_id, event_id, proposal_id, tier, amount_cents, currency, status
  )
  values (
    proposal.owner_id, proposal.sponsor_id, proposal.event_id, proposal.id, proposal.tier,
    proposal.amount_cents, proposal.currency, 'confirmed'
  )
  returning id into new_sponsorship_id;

  insert into public.sponsor_deliverables (owner_id, sponsorship_id, title, kind, due_date)
  select
    proposal.owner_id,
    new_sponsorship_id,
    benefit ->> 'title',
    coalesce(benefit ->> 'kind', 'other'),
    (e.start_at at time zone e.timezone)::date
      - coalesce((benefit ->> 'days_before_event')::integer, 0)
  from public.events as e
  cross join jsonb_array_elements(proposal.benefits) as benefit
  where e.id = proposal.event_id;

  update public.sponsors as s
  set status = 'active'
  where s.id = proposal.sponsor_id and s.status = 'prospect';

  return new_sponsorship_id;
end;
$$;

comment on function public.convert_sponsor_proposal(uuid) is
  'Turns an accepted proposal into a confirmed sponsorship with one deliverable per benefit, and the prospect into an active sponsor. Row-level security decides whose.';

revoke execute on function public.convert_sponsor_proposal(uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.convert_sponsor_proposal(uuid) to authenticated, service_role;
