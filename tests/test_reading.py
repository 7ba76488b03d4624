"""Reading again only what was touched: always equal to reading everything."""

from __future__ import annotations

import psycopg
import pytest
from runbook import catalog, reading
from runbook.catalog import fingerprint, snapshot
from runbook.sql import split

GROUND = """
create type public.mood as enum ('b', 'a');
create type public.pair as (a int, b text);
create domain public.few as int constraint small check (value < 9);
create sequence public.counter;
create function public.double(int) returns int language sql immutable as 'select $1 * 2';
create function public.stamp() returns trigger language plpgsql as 'begin return new; end';
create table public.people (
    id int primary key, name text default 'x', feeling public.mood, both_of public.pair,
    more public.mood[], amount public.few, extra int default public.double(2)
);
create table public.orders (
    id int default nextval('public.counter') primary key,
    person int references public.people (id) on delete cascade, total int check (total > 0)
);
create function public.one() returns public.people language sql as 'select * from public.people';
create function public.many(public.mood[]) returns setof public.orders
    language sql begin atomic select * from public.orders; end;
create view public.seen as select p.name, o.total from public.people p join public.orders o
    on o.person = p.id;
create view public.seen_again as select * from public.seen;
create materialized view public.kept as select id from public.people;
create index people_name on public.people (lower(name)) where id > 0;
create index on public.people (public.double(id));
create trigger stamped before update of name on public.people
    for each row when (new.name <> 'y') execute function public.stamp();
create policy own on public.orders for select to anon
    using (exists (select from public.people where id = person));
create rule quiet as on insert to public.seen do instead nothing;
create table public.heir (own int) inherits (public.people);
create table public.parted (id int primary key) partition by range (id);
create table public.parted_1 partition of public.parted for values from (1) to (9);
create statistics public.together on id, name from public.people;
create publication told for table public.people where (id > 1);
create function public.same(int, int) returns bool language sql as 'select $1 = $2';
create operator public.=== (leftarg = int, rightarg = int, function = public.same);
create extension hstore with schema extensions;
comment on index public.people_name is 'by name';
comment on constraint orders_pkey on public.orders is 'the key';
alter table public.orders enable row level security;
"""

CHANGES = [
    "alter type public.mood rename to temper",
    "alter type public.mood rename value 'a' to 'z'",
    "alter type public.mood add value 'c' before 'a'",
    "alter type public.pair rename attribute a to c cascade",
    "alter type public.pair add attribute d int",
    "alter domain public.few rename to several",
    "alter domain public.few drop constraint small",
    "alter sequence public.counter rename to count",
    "alter sequence public.counter owned by public.orders.id",
    "alter sequence public.counter owner to service_role",
    "alter function public.double(int) rename to twice",
    "alter function public.stamp() rename to stamped",
    "alter function public.stamp() set search_path = ''",
    "alter table public.people rename to persons",
    "alter table public.people rename name to title",
    "alter table public.people rename id to number",
    "alter table public.people set schema another",
    "alter table public.people drop column feeling",
    "alter table public.people drop column name cascade",
    "alter table public.people alter extra drop default",
    "alter table public.heir alter own type bigint",
    "alter table public.people disable trigger stamped",
    "alter table public.people cluster on people_pkey",
    "alter table public.people replica identity full",
    "alter table public.people alter name set statistics 7",
    "alter table public.people alter name set storage external",
    "alter trigger stamped on public.people rename to marked",
    "alter index public.people_name rename to people_called",
    "alter index public.people_name set (fillfactor = 70)",
    "alter table public.orders rename constraint orders_total_check to positive",
    "alter table public.orders drop constraint orders_person_fkey",
    "alter table public.orders disable row level security",
    "alter policy own on public.orders rename to mine",
    "alter policy own on public.orders to authenticated",
    "alter view public.seen rename to looked_at",
    "alter view public.seen set (security_invoker = on)",
    "alter table public.heir no inherit public.people",
    "alter table public.parted detach partition public.parted_1",
    "alter table public.parted_1 rename to parted_one",
    "alter publication told set table public.orders",
    "alter schema another rename to other",
    "drop table public.people cascade",
    "drop function public.double(int) cascade",
    "drop type public.mood cascade",
    "drop view public.seen cascade",
    "drop index public.people_name",
    "drop policy own on public.orders",
    "drop trigger stamped on public.people",
    "drop rule quiet on public.seen",
    "create or replace view public.seen as select p.name, o.total, 1 as n from public.people p"
    " join public.orders o on o.person = p.id",
    "create table another.people (id int)",
    "create index on public.orders (person)",
    "grant select (name) on public.people to anon",
    "grant usage on schema another to anon",
    "revoke execute on function public.double(int) from public",
    "grant usage on type public.mood to anon",
    "comment on index public.people_name is 'other words'",
    "comment on constraint orders_pkey on public.orders is null",
    "comment on policy own on public.orders is 'mine'",
    "comment on trigger stamped on public.people is 'when'",
    "comment on column public.people.name is 'what people call them'",
    "comment on type public.mood is 'how'",
    "comment on function public.double(int) is 'times two'",
    "comment on schema another is 'else'",
    "create extension citext with schema extensions",
    "drop extension hstore",
    "comment on extension hstore is 'else'",
    "create schema third",
    "drop schema another",
    "alter schema another owner to service_role",
    "alter default privileges in schema public grant insert on tables to anon",
    "alter publication told set (publish = 'insert')",
    "alter publication told add table public.orders (id)",
    "drop publication told",
    "comment on publication told is 'else'",
    "drop statistics public.together",
    "alter statistics public.together rename to joined",
    "alter operator public.=== (int, int) owner to service_role",
    "create operator another.=== (leftarg = int, rightarg = int, function = int4eq)",
    "drop operator public.=== (int, int)",
    "alter function public.same(int, int) rename to alike",
    "alter type public.pair add attribute e public.mood",
    'create collation public.plain from "C"',
    "create text search configuration public.words (copy = simple)",
    "truncate public.people cascade",
]


def whole(conn):
    """The catalog with nothing remembered."""
    catalog._last.pop(conn, None)
    return snapshot(conn)


@pytest.fixture
def ground(conn, server):
    conn.execute("create schema another")
    conn.execute("grant create on schema public, another to service_role")
    for statement in split(GROUND):
        conn.execute(statement.text)
    return conn


def test_what_was_touched_is_read_again_whatever_the_change(ground):
    before = whole(ground)
    for change in CHANGES:
        with ground.transaction(force_rollback=True):
            ground.execute(change)
            again = snapshot(ground)
            everything = whole(ground)
            assert again.objects == everything.objects, change
            assert fingerprint(again) == fingerprint(everything), change
        assert fingerprint(snapshot(ground)) == fingerprint(before), change


def test_every_change_in_one_transaction_and_after_its_end(ground):
    """Rows written twice, savepoints taken back, and the same again once all is committed."""
    snapshot(ground)
    with ground.transaction():
        for change in CHANGES:
            try:
                with ground.transaction():
                    ground.execute(change)
            except psycopg.Error:  # a change before it took its object away
                continue
            again = snapshot(ground)
            assert again.objects == whole(ground).objects, change
    again = snapshot(ground)
    assert again.objects == whole(ground).objects


def test_a_renamed_role_is_printed_anew(ground):
    with ground.transaction(force_rollback=True):
        ground.execute("create role reading_first; grant select on public.people to reading_first")
        snapshot(ground)
        ground.execute("alter role reading_first rename to reading_second")
        again = snapshot(ground)
        assert ("grant", ("table", "public", "people", "reading_second")) in again.objects
        assert again.objects == whole(ground).objects


def test_another_sessions_change_is_seen(ground, database):
    snapshot(ground)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("alter table public.people rename name to title")
    again = snapshot(ground)
    assert ("column", ("public", "people", "title")) in again.objects
    assert again.objects == whole(ground).objects


def test_only_what_was_touched_is_read_again(ground, monkeypatch):
    snapshot(ground)
    read = []
    parts = reading._parts

    def watched(ask, scope, only=None, *, rest=True):
        read.append((only, rest))
        return parts(ask, scope, only, rest=rest)

    monkeypatch.setattr(reading, "_parts", watched)
    snapshot(ground)
    ground.execute("create table public.stranger (id int)")
    snapshot(ground)
    nothing, stranger = read
    assert nothing == (set(), False)
    assert len(stranger[0]) == 1
    assert not stranger[1]


def test_what_a_trial_took_back_is_not_read_again(ground, monkeypatch):
    ground.execute("create table public.stranger (id int)")
    before = snapshot(ground)
    with ground.transaction(force_rollback=True):
        ground.execute("drop table public.stranger")
        snapshot(ground)
    read, parts = [], reading._parts
    monkeypatch.setattr(reading, "_parts", lambda *a, **k: read.append(a[2]) or parts(*a, **k))
    assert snapshot(ground).objects == before.objects
    assert read == [set()]


def test_some_relations_after_everything_are_as_current(ground, database):
    snapshot(ground)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("alter table public.people rename name to title")
    some = snapshot(ground, relations=["public.orders", "public.people"])
    catalog._last.pop(ground)
    alone = snapshot(ground, relations=["public.orders", "public.people"])
    kinds = {"published table", "statistics", "publication"}
    assert {k: v for k, v in some.objects.items() if k[0] not in kinds} == {
        k: v for k, v in alone.objects.items() if k[0] not in kinds
    }


def test_what_became_the_projects_or_an_extensions_is_told_apart(ground):
    snapshot(ground)
    extension = "alter extension hstore {} table public.heir"
    steps = (
        "create table runbook_like (id int)",
        "create schema runbook; alter table runbook_like set schema runbook",
        "alter schema runbook rename to shown",
        "create temp table passing (id int)",
        "create domain public.lists as int[]",
        extension.format("add"),
        extension.format("drop"),
        "alter schema another rename to runbook",
    )
    for step in steps:
        ground.execute(step)
        again = snapshot(ground)
        assert again.objects == whole(ground).objects, step
