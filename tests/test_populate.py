"""Made-up rows: for any schema, sound, the same every time, nowhere but on embedded servers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from runbook import embedded, system
from runbook.findings import FAIL
from runbook.in_hand import baseline
from runbook.populate import fill, hints, shape
from runbook.populate.fit import Samples
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

# What a schema may ask of its rows.
SCHEMA = """
create extension if not exists vector with schema extensions;
create extension if not exists btree_gist with schema extensions;
create schema app;
create type app.mood as enum ('sad', 'it''s ok', 'happy');
create domain app.slug as text check (value ~ '^[a-z][a-z0-9-]*$');
create domain app.share as numeric(4, 3) check (value between 0 and 1);
create table app."Org's" (id uuid primary key default gen_random_uuid(), name text not null unique);
create table app.people (
  id bigint generated always as identity primary key,
  org uuid not null references app."Org's",
  email text not null check (email ~ '^[^@]+@[^@]+$'), slug app.slug not null unique,
  code varchar(8) not null unique, mood app.mood not null, share app.share not null,
  country char(2) not null check (country ~ '^[A-Z]{2}$'),
  boss bigint references app.people, token bytea not null, seen inet, tags text[] not null,
  full_name text generated always as (upper(email)) stored,
  unique (org, id)
);
create table app.invoices (
  number text primary key check (number ~ '^RE-[0-9A-F]{12}$'),
  org uuid not null, person bigint not null,
  quantity int not null check (quantity between 1 and 9), price int not null check (price >= 0),
  total int not null, check (total = quantity * price),
  status text not null check (status in ('open', 'paid')), paid_at timestamptz,
  check ((status = 'paid') = (paid_at is not null)),
  starts date not null, ends date not null, check (starts < ends),
  foreign key (org, person) references app.people (org, id)
);
create table app.rooms (id int primary key, next int);
create table app.doors (id int primary key, room int not null references app.rooms);
alter table app.rooms add foreign key (next) references app.doors;
create table app.bookings (
  room int not null references app.rooms, during tstzrange not null,
  exclude using gist (room with =, during with &&)
);
create table app.members (
  person bigint references app.people, room int references app.rooms, primary key (person, room)
);
create table app.profiles (person bigint primary key references app.people, about jsonb not null);
create table app.notes (
  id serial primary key, body text not null, embedding extensions.vector(8),
  model text, check ((embedding is null) = (model is null))
);
create index on app.notes using hnsw (embedding extensions.vector_cosine_ops);
create table app.logs (at timestamptz not null, word text not null) partition by range (at);
create table app.logs_26 partition of app.logs for values from ('2026-01-01') to ('2027-01-01');
create table app.never (id int primary key check (id < 0 and id > 0));
create table app.below_never (id int primary key, up int not null references app.never);
create function app.guard() returns trigger language plpgsql as $$
begin
  if new.state <> 'new' then raise exception 'starts as new'; end if;
  return new;
end $$;
create table app.machines (
  id uuid primary key, state text not null default 'new' check (state in ('new', 'old'))
);
create trigger guard before insert on app.machines for each row execute function app.guard();
"""
EMPTY = {"app.never", "app.below_never"}


@pytest.fixture(scope="module")
def filled(server: embedded.Server) -> Iterator[tuple[str, list[fill.Filled]]]:
    """A database of that schema, filled up to 120 rows a table."""
    name = "populated"
    conninfo = embedded.database(server, name, prepare=lambda conn: conn.execute(SCHEMA))
    yield conninfo, _fill(conninfo)
    embedded.drop(server, name)


def _fill(conninfo: str, rows: int = 120) -> list[fill.Filled]:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        with conn.transaction():
            conn.execute("set local search_path = pg_catalog")
            tables = shape.read(conn)
        return fill.fill(conn, tables, rows, Samples())


def _ask(conninfo: str, text: str) -> list[tuple]:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        return conn.execute(text).fetchall()


def test_every_table_is_filled_and_one_that_cannot_be_says_why(filled) -> None:
    conninfo, found = filled
    by_name = {each.table: each for each in found}
    assert {each.table for each in found if each.rows != 120} == EMPTY
    for each in found:
        assert _ask(conninfo, f"select count(*) from {each.table}") == [(each.rows,)]
    [reason] = by_name["app.never"].notes
    assert "nothing fits id" in reason
    assert by_name["app.below_never"].notes == ("app.never, which up refers to, has no rows",)
    assert by_name["app.machines"].how == "defaults kept"


def test_the_rows_are_sound_and_varied(filled) -> None:
    conninfo, _ = filled
    with psycopg.connect(conninfo, autocommit=True) as conn:
        found = system.validate(conn, only=["101", "102", "107"])
    assert not [row for row in found if row.verdict == FAIL]
    [row] = _ask(
        conninfo,
        "select count(distinct status), count(distinct total) > 20, count(distinct person) > 5"
        " from app.invoices",
    )
    assert row == (2, True, True)
    assert _ask(conninfo, "select count(distinct mood) from app.people") == [(3,)]
    assert _ask(conninfo, "select count(embedding) > 20 from app.notes") == [(True,)]


def test_circles_and_references_to_the_own_table_are_closed_afterwards(filled) -> None:
    conninfo, _ = filled
    [(bosses, above)] = _ask(
        conninfo, "select count(boss), count(*) filter (where boss >= id) from app.people"
    )
    assert bosses > 50
    assert above == 0
    assert _ask(conninfo, "select count(next) > 50 from app.rooms") == [(True,)]


def test_the_same_number_gives_the_same_rows(filled, database: str) -> None:
    conninfo, _ = filled
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCHEMA)
    _fill(database)

    def measured(at: str) -> list[baseline.Measured]:
        with psycopg.connect(at, autocommit=True) as conn:
            return [each for each in baseline.measure(conn) if each.table.startswith("app.")]

    assert measured(database) == measured(conninfo)


def test_filling_again_changes_nothing_and_filling_up_continues(filled, database: str) -> None:
    conninfo, _ = filled
    assert {each.inserted for each in _fill(conninfo)} == {0}
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SCHEMA)
    for rows in (40, 200, 400):
        found = {each.table: each.rows for each in _fill(database, rows)}
        assert {name for name, held in found.items() if held != rows} == EMPTY


def test_checks_say_what_fits() -> None:
    assert hints.constants("(status = ANY (ARRAY['a'::text, 'it''s'::text]))") == {
        "status": ["'a'", "'it''s'"]
    }
    assert hints.sums("((total = (quantity * price)) AND (price > 0))") == {
        "total": "quantity * price"
    }
    assert hints.sums("((total = price) OR (price > 0))") == {}
    assert hints.sums("(total = (total + 1))") == {}


# The command


@pytest.mark.parametrize("target", ["env:SOMEWHERE", "service=production"])
def test_anything_but_an_embedded_database_is_refused(
    project: Project, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    project.add("a", "select 1;\n")
    assert project.run("populate", "--rows", "9", "--target", target, target=False) == 2
    assert "not an embedded database" in capsys.readouterr().err


def test_the_command_learns_from_scenarios_and_says_what_it_did(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (
        "create table public.steps (id int primary key,"
        " shape jsonb not null check (shape ?& array['a', 'b']));\n"
    )
    scenario = (
        "-- name: one\n-- as: owner\n-- expect: 1 affected\n"
        """insert into public.steps values (1, '{"a": 1, "b": 2}');\n"""
    )
    version = project.add("a", table, tables=("public.steps",), scenario=scenario)
    project.engine(version)
    assert project.run("populate", "--rows", "50") == 0
    assert "public.steps: 50 inserted, 50 rows" in capsys.readouterr().out
    assert project.value("select count(*) from public.steps where shape ? 'b'") == 50
    assert project.run("populate", "--rows", "60", "--json", "--table", "steps") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(each["table"], each["inserted"]) for each in document["tables"]] == [
        ("public.steps", 10)
    ]
    assert project.run("populate", "--rows", "0") == 2
    assert project.run("populate", "--rows", "1", "--table", "nowhere") == 2
