-- wizard_sessions
--
-- Purpose:  keeps what a visitor has entered in the Event Wizard, before and after they sign in.
-- Objects:  table public.wizard_sessions; functions private.wizard_token_hash,
--           private.stamp_wizard_session, private.claim_wizard_session,
--           public.claim_wizard_session, public.abandon_stale_wizard_sessions.
-- Locks:    share row exclusive on public.profiles and public.events while the foreign keys are
--           added (an instant: the new table is empty). Nothing existing is changed.
-- Rollback: rollback/20251017080000_wizard_sessions.sql (drops the sessions).
-- Requires: 20251013060000 (profiles, events, private.organized_event_ids, public.set_updated_at).
--
-- How an anonymous visitor is recognised: the browser makes a random token of at least 32
-- characters and sends it as the header x-wizard-token with every request. The table holds only the
-- token's SHA-256, so a leaked table opens no session, and a comparison that stops at the first
-- differing byte tells an attacker something about a hash, never about the token. E-mail addresses
-- play no part in access. Claiming spends the token.
--
-- The error code PT404 makes PostgREST answer 404 instead of 500.

create function private.wizard_token_hash()
returns text
language sql
stable
set search_path = ''
as $$
  select encode(sha256(convert_to(t.token, 'UTF8')), 'hex')
  from (
    select nullif(current_setting('request.headers', true), '')::json ->> 'x-wizard-token' as token
  ) as t
  where char_length(t.token) between 32 and 256;
$$;

comment on function private.wizard_token_hash() is
  'SHA-256, in hex, of the request header x-wizard-token; null when it is absent or shorter than 32 characters.';

revoke execute on function private.wizard_token_hash() from public;
grant execute on function private.wizard_token_hash() to anon, authenticated, service_role;

create table public.wizard_sessions (
  id uuid primary key default gen_random_uuid(),
  token_hash text default private.wizard_token_hash()
    constraint wizard_sessions_token_hash_form check (token_hash ~ '^[0-9a-f]{64}$'),
  user_id uuid references public.profiles (id) on delete cascade,
  event_id uuid references public.events (id) on delete set null,
  email text
    constraint wizard_sessions_email_form check (email ~ '^[^@\s]+@[^@\s]+$'),
  current_stage text not null default 'contact_info'
    constraint wizard_sessions_current_stage_known check (current_stage in (
      'contact_info', 'event_basics', 'venue_selection', 'ticketing', 'marketing', 'review'
    )),
  completed_stages text[] not null default '{}'
    constraint wizard_sessions_completed_stages_known check (completed_stages <@ array[
      'contact_info', 'event_basics', 'venue_selection', 'ticketing', 'marketing', 'review'
    ]),
  state jsonb not null default '{}'
    constraint wizard_sessions_state_is_object check (jsonb_typeof(state) = 'object')
    constraint wizard_sessions_state_size check (octet_length(state::text) <= 65536),
  status text not null default 'active'
    constraint wizard_sessions_status_known check (status in ('active', 'completed', 'abandoned')),
  claimed_at timestamptz,
  completed_at timestamptz,
  abandoned_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint wizard_sessions_token_hash_key unique (token_hash),
  constraint wizard_sessions_has_holder check (num_nonnulls(token_hash, user_id) >= 1),
  constraint wizard_sessions_state_by_stage check (
    jsonb_typeof(state) <> 'object'
    or state - array[
      'contact_info', 'event_basics', 'venue_selection', 'ticketing', 'marketing', 'review'
    ] = '{}'
  ),
  constraint wizard_sessions_completed_has_time check ((status = 'completed') = (completed_at is not null)),
  constraint wizard_sessions_abandoned_has_time check ((status = 'abandoned') = (abandoned_at is not null))
);

comment on table public.wizard_sessions is
  'One run through the Event Wizard: six stages, what was entered in each, and who holds it.';
comment on column public.wizard_sessions.token_hash is
  'SHA-256 of the anonymous holder''s token; taken from the request, null once the session is claimed.';
comment on column public.wizard_sessions.user_id is 'The signed-in holder; null while anonymous.';
comment on column public.wizard_sessions.event_id is 'The event that came out of the session.';
comment on column public.wizard_sessions.email is
  'Where to write about an unfinished session. Gives no access to anything.';
comment on column public.wizard_sessions.state is
  'One object per stage, keyed by the stage''s name; at most 64 KiB.';

create index wizard_sessions_user_id_idx on public.wizard_sessions (user_id);
create index wizard_sessions_event_id_idx on public.wizard_sessions (event_id);
create index wizard_sessions_active_updated_at_idx on public.wizard_sessions (updated_at)
  where status = 'active';
create index wizard_sessions_state_idx on public.wizard_sessions using gin (state jsonb_path_ops);

alter table public.wizard_sessions enable row level security;
revoke all on table public.wizard_sessions from anon, authenticated, service_role;
grant select on table public.wizard_sessions to anon;
grant insert (email, current_stage, completed_stages, state)
  on table public.wizard_sessions to anon;
grant update (email, current_stage, completed_stages, state)
  on table public.wizard_sessions to anon;
grant select, delete on table public.wizard_sessions to authenticated;
grant insert (user_id, email, current_stage, completed_stages, state)
  on table public.wizard_sessions to authenticated;
grant update (event_id, email, current_stage, completed_stages, state, status)
  on table public.wizard_sessions to authenticated;
grant select, insert, update, delete on table public.wizard_sessions to service_role;

create policy "visitors read the session of their token"
  on public.wizard_sessions for select to anon
  using (user_id is null and token_hash = (select private.wizard_token_hash()));

create policy "visitors start a session with their token"
  on public.wizard_sessions for insert to anon
  with check (
    user_id is null
    and token_hash = (select private.wizard_token_hash())
    and status = 'active'
  );

create policy "visitors continue the session of their token"
  on public.wizard_sessions for update to anon
  using (
    user_id is null
    and token_hash = (select private.wizard_token_hash())
    and status = 'active'
  )
  with check (
    user_id is null
    and token_hash = (select private.wizard_token_hash())
    and status = 'active'
  );

create policy "people read their sessions"
  on public.wizard_sessions for select to authenticated
  using (user_id = (select auth.uid()));

create policy "people start sessions of their own"
  on public.wizard_sessions for insert to authenticated
  with check (user_id = (select auth.uid()) and status = 'active');

create policy "people continue and complete their active sessions"
  on public.wizard_sessions for update to authenticated
  using (user_id = (select auth.uid()) and status = 'active')
  with check (
    user_id = (select auth.uid())
    and status in ('active', 'completed')
    and (event_id is null or event_id = any (array(select private.organized_event_ids())))
  );

create policy "people discard their sessions"
  on public.wizard_sessions for delete to authenticated
  using (user_id = (select auth.uid()));

create function private.stamp_wizard_session()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.status is distinct from old.status then
    new.completed_at = case when new.status = 'completed' then now() end;
    new.abandoned_at = case when new.status = 'abandoned' then now() end;
  end if;
  return new;
end;
$$;

comment on function private.stamp_wizard_session() is
  'Before update of status: keeps completed_at and abandoned_at in step with it.';

revoke execute on function private.stamp_wizard_session() from public;

create trigger wizard_sessions_stamp
  before update of status on public.wizard_sessions
  for each row execute function private.stamp_wizard_session();

create trigger wizard_sessions_set_updated_at
  before update on public.wizard_sessions
  for each row execute function public.set_updated_at();

create function private.claim_wizard_session()
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  claimant constant uuid := auth.uid();
  claimed uuid;
begin
  if claimant is null then
    raise insufficient_privilege using
      message = 'only a signed-in user can claim a wizard session';
  end if;

  update public.wizard_sessions as w
  set user_id = claimant, token_hash = null, claimed_at = now()
  where w.token_hash = private.wizard_token_hash()
    and w.user_id is null
    and w.status = 'active'
  returning w.id into claimed;

  if claimed is null then
    raise sqlstate 'PT404' using
      message = 'no unclaimed active wizard session belongs to this token',
      hint = 'Send the token of the anonymous session in the header x-wizard-token.';
  end if;

  return claimed;
end;
$$;

comment on function private.claim_wizard_session() is
  'Gives the session of the request''s token to the caller and spends the token. Definer, because until then the caller''s policies do not reach the row.';

revoke execute on function private.claim_wizard_session() from public;
grant execute on function private.claim_wizard_session() to authenticated;

-- The body is bound to private.claim_wizard_session when it is created, so that callers need no
-- right on the schema.
create function public.claim_wizard_session()
returns uuid
language sql
set search_path = ''
return private.claim_wizard_session();

comment on function public.claim_wizard_session() is
  'For a signed-in user: takes over the anonymous session whose token the header x-wizard-token presents. Returns its id.';

revoke execute on function public.claim_wizard_session() from public, anon, service_role;
grant execute on function public.claim_wizard_session() to authenticated;

create function public.abandon_stale_wizard_sessions(idle interval default '24 hours')
returns integer
language plpgsql
set search_path = ''
as $$
declare
  abandoned integer;
begin
  if idle is null or idle < interval '1 hour' then
    raise invalid_parameter_value using
      message = 'sessions idle for less than an hour are still in use';
  end if;

  update public.wizard_sessions
  set status = 'abandoned'
  where status = 'active' and updated_at < now() - idle;

  get diagnostics abandoned = row_count;
  return abandoned;
end;
$$;

comment on function public.abandon_stale_wizard_sessions(interval) is
  'Marks active sessions abandoned that nobody touched for 24 hours (or the given time). For the server''s schedule. Returns how many.';

revoke execute on function public.abandon_stale_wizard_sessions(interval)
  from public, anon, authenticated;
grant execute on function public.abandon_stale_wizard_sessions(interval) to service_role;
