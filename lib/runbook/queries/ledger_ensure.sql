-- The ledger: what happened, in order, never changed afterwards.
-- Each event's hash covers the hash before it, so a removed or altered event shows.
create schema runbook;
comment on schema runbook is 'The migration runbook''s ledger. Append-only.';
revoke all on schema runbook from public;

create table runbook.events (
    seq       bigint primary key,
    at        timestamptz not null,
    run       text not null,
    operator  text not null,
    phase     text not null,
    version   text not null,
    stage     text not null,
    state     text not null,
    detail    jsonb not null,
    previous  text not null,
    hash      text not null unique
);
comment on table  runbook.events          is 'One row per event: stages, notes, approvals, rollbacks. Failures are events too.';
comment on column runbook.events.seq      is 'Position in the chain, from 1, without gaps.';
comment on column runbook.events.at       is 'The server''s clock when the event was written.';
comment on column runbook.events.run      is 'The run it belongs to: one notebook, one kernel.';
comment on column runbook.events.operator is 'Who ran it, as they said.';
comment on column runbook.events.phase    is 'Phase id of the plan; empty for events of no phase.';
comment on column runbook.events.version  is 'Version of the migration; empty for events of no migration.';
comment on column runbook.events.stage    is 'precheck, apply, verify, test, acknowledge, checkpoint, rollback, restore, note, issue, baseline, approval, record.';
comment on column runbook.events.state    is 'started, passed, failed, done.';
comment on column runbook.events.detail   is 'What was seen: findings, digests, times.';
comment on column runbook.events.previous is 'Hash of the event before; empty for the first.';
comment on column runbook.events.hash     is 'sha256 over previous and every other column, hex.';

create index events_version_idx on runbook.events (version, seq);

create function runbook.digest(e runbook.events) returns text
language sql immutable set search_path = ''
return encode(sha256(convert_to(concat_ws(E'\x1f',
    e.previous, e.seq::text, (extract(epoch from e.at) * 1000000)::bigint::text,
    e.run, e.operator, e.phase, e.version, e.stage, e.state, e.detail::text), 'UTF8')), 'hex');
comment on function runbook.digest is 'The hash that an event must have.';

create function runbook.link() returns trigger
language plpgsql set search_path = ''
as $$
declare
    head runbook.events;
begin
    -- Writers take turns until they commit, so that the chain has one head.
    perform pg_advisory_xact_lock(hashtextextended('runbook.events', 0));
    select * into head from runbook.events order by seq desc limit 1;
    new.seq      := coalesce(head.seq, 0) + 1;
    new.at       := clock_timestamp();
    new.previous := coalesce(head.hash, '');
    new.hash     := runbook.digest(new);
    return new;
end
$$;
comment on function runbook.link is 'Chains a new event to the one before it.';

create function runbook.refuse() returns trigger
language plpgsql set search_path = ''
as $$
begin
    raise exception 'runbook.events is append-only: % is refused', tg_op using errcode = '55000';
end
$$;
comment on function runbook.refuse is 'Keeps the ledger append-only.';

create trigger link before insert on runbook.events
    for each row execute function runbook.link();
create trigger append_only before update or delete or truncate on runbook.events
    for each statement execute function runbook.refuse();

alter table runbook.events enable row level security;
