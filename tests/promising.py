"""A shop's SQL, run and verified: what the tests of promises are made of."""

from __future__ import annotations

import psycopg
from runbook.catalog import diff, snapshot
from runbook.findings import Finding
from runbook.promises.promise import promises
from runbook.sql import split
from runbook.verify import unexpected, verify

SHOP = """
create table public.shops (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references auth.users (id) on delete cascade,
    name varchar(80) not null,
    price numeric(10, 2) not null default 0 check (price >= 0),
    tags text[] not null default '{}',
    at timestamptz not null default now(),
    total bigint generated always as (2) stored
);
create index shops_owner_id_idx on public.shops (owner_id);
create index shops_tags_idx on public.shops using gin (tags);
create unique index shops_name_idx on public.shops (lower(name)) where price > 0;
alter table public.shops enable row level security;
create policy "owners read" on public.shops for select to authenticated
    using (owner_id = (select auth.uid()));
create function public.touch() returns trigger language plpgsql set search_path = ''
    as 'begin new.at = now(); return new; end';
create trigger shops_touch before update on public.shops
    for each row execute function public.touch();
create function public.cheap(most numeric) returns setof public.shops language sql stable
    set search_path = '' as 'select * from public.shops where price <= most';
revoke execute on function public.cheap(numeric) from public, anon;
create view public.names with (security_invoker = true) as select name from public.shops;
create type public.size as enum ('s', 'm', 'l');
comment on table public.shops is 'Shops.';
comment on column public.shops.name is 'As on the door.';
revoke all on public.shops from anon;
"""


def run(conn: psycopg.Connection, sql: str) -> None:
    for statement in split(sql):
        conn.execute(statement.text)


def verified(conn: psycopg.Connection, promised: str, applied: str) -> list[Finding]:
    """The rows for one file's promises after another file ran."""
    run(conn, applied)
    return verify(conn, promises(split(promised)))


def surprises(conn: psycopg.Connection, promised: str, applied: str) -> list[Finding]:
    before = snapshot(conn)
    run(conn, applied)
    return unexpected(diff(before, snapshot(conn)), promises(split(promised)))


def observed(rows: list[Finding], check: str) -> str:
    return " | ".join(f"{row.object}: {row.observed}" for row in rows if row.check == check)
