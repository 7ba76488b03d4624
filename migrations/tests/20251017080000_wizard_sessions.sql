-- Scenario of wizard_sessions.
--
-- Two visitors work anonymously, each with a token of their own; Ada signs in and takes hers over;
-- Eve knows an e-mail address and tries to get by with that. All keys begin with 5ce0.

-- name: Ada and Eve have accounts
-- as: owner
-- expect: 2 affected
insert into auth.users (id, email) values
  ('5ce00000-0000-4000-8000-000000000001', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example');

-- Anonymous ------------------------------------------------------------------------------------

-- name: an anonymous visitor starts a session with their token
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: 1 affected
insert into public.wizard_sessions (email, state)
values ('first@scenario.example', '{"contact_info": {"name": "First"}}');

-- name: a second visitor starts another one
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: 1 affected
insert into public.wizard_sessions (email, state)
values ('second@scenario.example', '{"contact_info": {"name": "Second"}}');

-- name: the table holds the hash of the token and not the token
-- as: owner
-- expect: value true
select token_hash = encode(sha256('scenario-token-of-the-first-visitor-0001'::bytea), 'hex')
from public.wizard_sessions where email = 'first@scenario.example';

-- name: without a token no session is started
-- as: anon
-- expect: error 42501
insert into public.wizard_sessions (email) values ('third@scenario.example');

-- name: a token short enough to be guessed starts none
-- as: anon headers={"x-wizard-token":"1234"}
-- expect: error 42501
insert into public.wizard_sessions (email) values ('third@scenario.example');

-- name: a visitor does not choose the hash
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-third-visitor-0003"}
-- expect: error 42501
insert into public.wizard_sessions (token_hash)
values (encode(sha256('scenario-token-of-the-first-visitor-0001'::bytea), 'hex'));

-- name: a visitor starts no session in a user's name
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-third-visitor-0003"}
-- expect: error 42501
insert into public.wizard_sessions (user_id) values ('5ce00000-0000-4000-8000-000000000001');

-- name: one token opens one session
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 23505
insert into public.wizard_sessions (email) values ('first@scenario.example');

-- name: an anonymous visitor reaches only the session whose token they hold
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: value first@scenario.example
select string_agg(email, ',') from public.wizard_sessions;

-- name: without a token nothing is visible
-- as: anon
-- expect: 0 rows
select email from public.wizard_sessions;

-- name: a wrong token shows nothing
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0009"}
-- expect: 0 rows
select email from public.wizard_sessions;

-- name: guessing the e-mail address shows nothing
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: 0 rows
select state from public.wizard_sessions where email = 'first@scenario.example';

-- name: nor does it to a signed-in user
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select state from public.wizard_sessions where email = 'first@scenario.example';

-- name: an e-mail address claimed in a sign-in does not help either
-- as: authenticated eve@scenario.example claims={"email":"first@scenario.example"}
-- expect: 0 rows
select state from public.wizard_sessions where email = 'first@scenario.example';

-- name: a visitor goes on to the next stage
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: 1 affected
update public.wizard_sessions
set
  current_stage = 'event_basics',
  completed_stages = '{contact_info}',
  state = state || '{"event_basics": {"title": "Garden Party", "category": "social"}}';

-- name: a visitor changes no other session
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: 0 affected
update public.wizard_sessions set current_stage = 'review' where email = 'first@scenario.example';

-- name: a visitor does not give a session to a user
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 42501
update public.wizard_sessions set user_id = '5ce00000-0000-4000-8000-000000000003';

-- name: a visitor does not set the status
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 42501
update public.wizard_sessions set status = 'completed';

-- name: a visitor deletes no session
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 42501
delete from public.wizard_sessions;

-- name: all six stages exist
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: 1 affected
update public.wizard_sessions
set
  current_stage = 'review',
  completed_stages = '{contact_info,event_basics,venue_selection,ticketing,marketing,review}';

-- name: a seventh does not
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions set current_stage = 'payment';

-- name: nor may it be completed
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions set completed_stages = '{payment}';

-- name: the state is an object
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions set state = '[1, 2]';

-- name: whose keys are stages
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions set state = '{"payment": {}}';

-- name: and which is no place to store films
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions
set state = jsonb_build_object('review', repeat('x', 70000));

-- name: an e-mail address has a form
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: error 23514
update public.wizard_sessions set email = 'not an address';

-- Claiming -------------------------------------------------------------------------------------

-- name: a visitor claims nothing before signing in
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 42501
select public.claim_wizard_session();

-- name: a signed-in user without the token claims nothing
-- as: authenticated eve@scenario.example
-- expect: error PT404
select public.claim_wizard_session();

-- name: a signed-in user with a wrong token claims nothing
-- as: authenticated eve@scenario.example headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0009"}
-- expect: error PT404
select public.claim_wizard_session();

-- name: nobody reaches the function behind the public one
-- as: authenticated ada@scenario.example headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error 42501
select private.claim_wizard_session();

-- name: Ada signs in and claims her session with its token
-- as: authenticated ada@scenario.example headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: value true
select public.claim_wizard_session() is not null;

-- name: she finds what she had entered
-- as: authenticated ada@scenario.example
-- expect: value Garden Party
select state -> 'event_basics' ->> 'title' from public.wizard_sessions
where email = 'first@scenario.example';

-- name: the token is spent, and the change was stamped
-- as: owner
-- expect: value true
select token_hash is null and claimed_at = now() and updated_at = now()
from public.wizard_sessions where email = 'first@scenario.example';

-- name: whoever kept the token sees nothing any more
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: 0 rows
select email from public.wizard_sessions;

-- name: and changes nothing
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: 0 affected
update public.wizard_sessions set email = 'thief@scenario.example';

-- name: a session is claimed once
-- as: authenticated eve@scenario.example headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}
-- expect: error PT404
select public.claim_wizard_session();

-- Signed in ------------------------------------------------------------------------------------

-- name: a signed-in user starts a session without a token
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.wizard_sessions (user_id, email)
values ('5ce00000-0000-4000-8000-000000000003', 'eve@scenario.example');

-- name: but none for somebody else
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.wizard_sessions (user_id) values ('5ce00000-0000-4000-8000-000000000001');

-- name: people change no session of others
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.wizard_sessions set current_stage = 'review' where email = 'first@scenario.example';

-- name: people do not pass a session on
-- as: authenticated eve@scenario.example
-- expect: error 42501
update public.wizard_sessions set user_id = '5ce00000-0000-4000-8000-000000000001'
where email = 'eve@scenario.example';

-- name: Ada has made an event of her session
-- as: authenticated ada@scenario.example
-- expect: 1 affected
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-000000000001', '5ce00000-0000-4000-8000-000000000001', 'Garden Party',
  now() + interval '30 days', now() + interval '31 days', 40
);

-- name: nobody ties a session to an event of somebody else
-- as: authenticated eve@scenario.example
-- expect: error 42501
update public.wizard_sessions set event_id = '5ce20000-0000-4000-8000-000000000001'
where email = 'eve@scenario.example';

-- name: people do not abandon their session, the server's clock does
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.wizard_sessions set status = 'abandoned' where email = 'first@scenario.example';

-- name: Ada completes the session with her event
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.wizard_sessions
set event_id = '5ce20000-0000-4000-8000-000000000001', status = 'completed'
where email = 'first@scenario.example';

-- name: the trigger noted when
-- as: authenticated ada@scenario.example
-- expect: value true
select completed_at = now() from public.wizard_sessions where email = 'first@scenario.example';

-- name: a completed session is closed
-- as: authenticated ada@scenario.example
-- expect: 0 affected
update public.wizard_sessions set status = 'active' where email = 'first@scenario.example';

-- name: a session of an unknown user is refused
-- as: owner
-- expect: error 23503
insert into public.wizard_sessions (user_id) values ('5ce00000-0000-4000-8000-0000000000ff');

-- name: a session of an unknown event is refused
-- as: owner
-- expect: error 23503
update public.wizard_sessions set event_id = '5ce20000-0000-4000-8000-0000000000ff'
where email = 'eve@scenario.example';

-- name: a session that nobody holds is refused
-- as: owner
-- expect: error 23514
insert into public.wizard_sessions (email) values ('nobody@scenario.example');

-- name: the event may go, the session stays
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.events where id = '5ce20000-0000-4000-8000-000000000001';

-- name: and knows of no event then
-- as: owner
-- expect: value null
select event_id from public.wizard_sessions where email = 'first@scenario.example';

-- Abandoned ------------------------------------------------------------------------------------

-- name: a session was last touched 25 hours ago, another one 23
-- as: owner
-- expect: 2 affected
insert into public.wizard_sessions (id, token_hash, email, updated_at) values
  ('5ce60000-0000-4000-8000-000000000001', encode(sha256('scenario-token-of-a-slow-visitor-0000004'::bytea), 'hex'), 'stale@scenario.example', now() - interval '25 hours'),
  ('5ce60000-0000-4000-8000-000000000002', repeat('2', 64), 'fresh@scenario.example', now() - interval '23 hours');

-- name: visitors abandon nothing
-- as: anon
-- expect: error 42501
select public.abandon_stale_wizard_sessions();

-- name: users abandon nothing
-- as: authenticated ada@scenario.example
-- expect: error 42501
select public.abandon_stale_wizard_sessions();

-- name: the server abandons what is stale
-- as: service_role
-- expect: value true
select public.abandon_stale_wizard_sessions() >= 1;

-- name: which is the one of 25 hours
-- as: owner
-- expect: value true
select status = 'abandoned' and abandoned_at = now() from public.wizard_sessions
where id = '5ce60000-0000-4000-8000-000000000001';

-- name: its visitor still reads it
-- as: anon headers={"x-wizard-token":"scenario-token-of-a-slow-visitor-0000004"}
-- expect: value abandoned
select status from public.wizard_sessions;

-- name: but does not go on with it
-- as: anon headers={"x-wizard-token":"scenario-token-of-a-slow-visitor-0000004"}
-- expect: 0 affected
update public.wizard_sessions set current_stage = 'review';

-- name: nor claims it
-- as: authenticated ada@scenario.example headers={"x-wizard-token":"scenario-token-of-a-slow-visitor-0000004"}
-- expect: error PT404
select public.claim_wizard_session();

-- name: and not that of 23
-- as: owner
-- expect: value active
select status from public.wizard_sessions where id = '5ce60000-0000-4000-8000-000000000002';

-- name: sessions in use are not abandoned by a slip of the argument
-- as: service_role
-- expect: error 22023
select public.abandon_stale_wizard_sessions(interval '1 minute');

-- Deletion and plans ---------------------------------------------------------------------------

-- name: people discard no session of others
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.wizard_sessions where email = 'first@scenario.example';

-- name: Eve starts a session that she does not want to keep
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.wizard_sessions (user_id, email)
values ('5ce00000-0000-4000-8000-000000000003', 'twice@scenario.example');

-- name: and discards it
-- as: authenticated eve@scenario.example
-- expect: 1 affected
delete from public.wizard_sessions where email = 'twice@scenario.example';

-- name: Gil signs up
-- as: owner
-- expect: 1 affected
insert into auth.users (id, email)
values ('5ce00000-0000-4000-8000-000000000005', 'gil@scenario.example');

-- name: and starts a session
-- as: authenticated gil@scenario.example
-- expect: 1 affected
insert into public.wizard_sessions (user_id, email)
values ('5ce00000-0000-4000-8000-000000000005', 'gil@scenario.example');

-- name: Gil closes his account
-- as: owner
-- expect: 1 affected
delete from auth.users where id = '5ce00000-0000-4000-8000-000000000005';

-- name: and what he had entered is gone with it
-- as: owner
-- expect: 0 rows
select id from public.wizard_sessions where email = 'gil@scenario.example';

-- name: three thousand more visitors come by
-- as: owner
-- expect: 3000 affected
insert into public.wizard_sessions (token_hash, email, state)
select
  encode(sha256(convert_to('scenario crowd ' || n, 'UTF8')), 'hex'),
  'crowd' || n || '@scenario.example',
  jsonb_build_object('event_basics', jsonb_build_object('category', 'category ' || n % 500))
from generate_series(1, 3000) as n;

-- name: a search in the state uses its GIN index
-- as: owner
-- expect: index wizard_sessions_state_idx
select id from public.wizard_sessions where state @> '{"event_basics": {"category": "category 7"}}';

-- name: and finds the six of them
-- as: owner
-- expect: value 6
select count(*) from public.wizard_sessions
where state @> '{"event_basics": {"category": "category 7"}}'
  and email like 'crowd%@scenario.example';

-- name: a visitor's session is found by the hash's index
-- as: anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}
-- expect: index wizard_sessions_token_hash_key
select state from public.wizard_sessions;

-- name: a user's sessions are found by index
-- as: authenticated eve@scenario.example
-- expect: index wizard_sessions_user_id_idx
select state from public.wizard_sessions;

-- name: the crowd leaves
-- as: owner
-- expect: 3000 affected
delete from public.wizard_sessions where email like 'crowd%@scenario.example';

-- name: sequential scans are priced out, for the few rows that are left
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: the sessions of an event are found by index
-- as: owner
-- expect: index wizard_sessions_event_id_idx
select id from public.wizard_sessions where event_id = '5ce20000-0000-4000-8000-000000000001';

-- name: stale sessions are found by theirs
-- as: owner
-- expect: index wizard_sessions_active_updated_at_idx
select id from public.wizard_sessions
where status = 'active' and updated_at < now() - interval '24 hours';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- Values that checks refuse -------------------------------------------------------------------

-- name: a session has a known status
-- as: owner
-- expect: error 23514
update public.wizard_sessions set status = 'lost' where email = 'fresh@scenario.example';

-- name: an active session has not been completed
-- as: owner
-- expect: error 23514
update public.wizard_sessions set completed_at = now() where email = 'fresh@scenario.example';

-- name: nor abandoned
-- as: owner
-- expect: error 23514
update public.wizard_sessions set abandoned_at = now() where email = 'fresh@scenario.example';

-- name: a token is never stored as it is
-- as: owner
-- expect: error 23514
update public.wizard_sessions set token_hash = 'scenario-token-of-the-first-visitor-0001'
where email = 'fresh@scenario.example';

-- name: nobody backdates the last change of a session: the shared trigger stamps it
-- as: service_role
-- expect: value true
update public.wizard_sessions set updated_at = '2025-01-01 00:00:00+00'
where email = 'fresh@scenario.example' returning updated_at = now();

-- Rights and nulls, as the catalog has them ---------------------------------------------------

-- name: what may be left out is said here, and nothing else
-- as: owner
-- expect: value token_hash, user_id, event_id, email, claimed_at, completed_at, abandoned_at
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.wizard_sessions'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and not a.attnotnull;

-- name: the columns that a signed-in user may write into a new row
-- as: owner
-- expect: value user_id, email, current_stage, completed_stages, state
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.wizard_sessions'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert');

-- name: the columns that a signed-in user may change
-- as: owner
-- expect: value event_id, email, current_stage, completed_stages, state, status
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.wizard_sessions'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update');

-- name: the columns that a visitor may write into a new row
-- as: owner
-- expect: value email, current_stage, completed_stages, state
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.wizard_sessions'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('anon', a.attrelid, a.attnum, 'insert');

-- name: the columns that a visitor may change
-- as: owner
-- expect: value email, current_stage, completed_stages, state
select string_agg(a.attname, ', ' order by a.attnum)
from pg_attribute as a
where a.attrelid = 'public.wizard_sessions'::regclass
  and a.attnum > 0
  and not a.attisdropped
  and has_column_privilege('anon', a.attrelid, a.attnum, 'update');

-- name: each policy speaks to the roles it is meant for
-- as: owner
-- expect: value wizard_sessions delete authenticated; wizard_sessions insert anon; wizard_sessions insert authenticated; wizard_sessions select anon; wizard_sessions select authenticated; wizard_sessions update anon; wizard_sessions update authenticated
select string_agg(
  p.tablename || ' ' || lower(p.cmd) || ' ' || array_to_string(p.roles, '+'), '; '
  order by p.tablename, p.cmd, p.roles
)
from pg_policies as p
where p.schemaname = 'public' and p.tablename in ('wizard_sessions');

-- name: each function is executable by those it is meant for
-- as: owner
-- expect: value private.claim_wizard_session (definer): authenticated; private.stamp_wizard_session: none; private.wizard_token_hash: anon authenticated service_role; public.abandon_stale_wizard_sessions: service_role; public.claim_wizard_session: authenticated
select string_agg(
  n.nspname || '.' || p.proname || case when p.prosecdef then ' (definer)' else '' end || ': '
  || coalesce((
    select string_agg(r.name, ' ')
    from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
    where has_function_privilege(r.name, p.oid, 'execute')
  ), 'none'),
  '; ' order by n.nspname, p.proname
)
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname || '.' || p.proname in (
  'private.wizard_token_hash',
  'private.stamp_wizard_session',
  'private.claim_wizard_session',
  'public.claim_wizard_session',
  'public.abandon_stale_wizard_sessions'
);

-- name: another event of Ada's
-- as: owner
-- expect: ok
insert into public.events (id, organizer_id, title, start_at, end_at, capacity)
values (
  '5ce20000-0000-4000-8000-000000000002', '5ce00000-0000-4000-8000-000000000001', 'Garden Concert',
  '2031-06-10 18:00+00', '2031-06-10 23:00+00', 80
);

-- name: came out of her completed session, so that the key has something to refer to
-- as: owner
-- expect: 1 affected
update public.wizard_sessions set event_id = '5ce20000-0000-4000-8000-000000000002'
where user_id = '5ce00000-0000-4000-8000-000000000001' and status = 'completed';

-- name: no API role truncates, refers to or hangs triggers on what is new here
-- as: owner
-- expect: 0 rows
select r.name, t.name
from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
cross join unnest(array[
  'public.wizard_sessions'
]) as t (name)
where has_table_privilege(r.name, t.name, 'truncate')
  or has_table_privilege(r.name, t.name, 'references')
  or has_table_privilege(r.name, t.name, 'trigger');

-- access: public.wizard_sessions
--   role                                                                       select  insert  update  delete
--   anon                                                                       none    none    none    none
--   anon headers={"x-wizard-token":"scenario-token-of-the-second-visitor-0002"}  1/5   all     1/5     none
--   anon headers={"x-wizard-token":"scenario-token-of-the-first-visitor-0001"}   none  all     none    none
--   anon headers={"x-wizard-token":"scenario-token-of-a-third-visitor-0000003"}  none  all     none    none
--   authenticated ada@scenario.example                                         1/5     1/5     none    1/5
--   authenticated eve@scenario.example                                         1/5     1/5     1/5     1/5
--   service_role                                                               all     all     all     all
