"""Drift: what somebody changed by hand is found, named, and could be taken back; nothing is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
import servers
from runbook import catalog, history
from runbook.drift.mending import mends, script
from runbook.plan_file import read_plan
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SHOP = """\
create schema shop;
create type shop.state as enum ('open', 'paid');
create domain shop.amount as numeric(10, 2) default 0 check (value >= 0);
create table shop.orders (
    id bigint generated always as identity primary key,
    number serial,
    owner uuid not null references auth.users (id) on delete cascade,
    state shop.state not null default 'open',
    total shop.amount,
    note text collate "C"
);
alter table shop.orders enable row level security;
create policy "own orders" on shop.orders for select to authenticated
    using (owner = (select auth.uid()));
create index orders_open on shop.orders (owner) where state = 'open';
create view shop.open_orders with (security_invoker = on) as
    select id, total from shop.orders where state = 'open';
create function shop.paid(bigint) returns boolean language sql stable security definer
    set search_path = '' as $$ select state = 'paid' from shop.orders where id = $1 $$;
create function shop.touch() returns trigger language plpgsql as
    $$ begin new.note := 'touched'; return new; end $$;
create trigger orders_touch before update on shop.orders for each row
    execute function shop.touch();
grant usage on schema shop to authenticated;
grant select, update (note) on shop.orders to authenticated;
comment on table shop.orders is 'What people bought';
"""
# One change by hand, and the words that name it.
BY_HAND = {
    "create policy peek on shop.orders using (true)": "policy peek on shop.orders",
    "alter policy \"own orders\" on shop.orders using (true)": 'policy "own orders" on shop.orders',
    "drop policy \"own orders\" on shop.orders": 'policy "own orders" on shop.orders',
    "grant delete on shop.orders to anon": "grant table shop.orders to anon",
    "revoke update (note) on shop.orders from authenticated":
        "grant column shop.orders.note to authenticated",
    "grant usage on schema shop to anon": "grant schema shop to anon",
    "alter table shop.orders disable row level security": "table shop.orders",
    "alter table shop.orders set (fillfactor = 70)": "table shop.orders",
    "alter table shop.orders alter note set default 'x'": "column shop.orders.note",
    "alter table shop.orders alter note type varchar(9)": "column shop.orders.note",
    "alter table shop.orders alter owner drop not null": "column shop.orders.owner",
    "alter table shop.orders add hotfix int": "column shop.orders.hotfix",
    "alter table shop.orders drop note cascade": "column shop.orders.note",
    "alter table shop.orders drop constraint orders_owner_fkey":
        "constraint orders_owner_fkey on shop.orders",
    "drop index shop.orders_open": "index shop.orders_open",
    "alter view shop.open_orders reset (security_invoker)": "view shop.open_orders",
    "create or replace view shop.open_orders as select id, total, owner from shop.orders":
        "view shop.open_orders",
    "create or replace function shop.touch() returns trigger language plpgsql as"
    " $$ begin return null; end $$": "function shop.touch()",
    "alter function shop.paid(bigint) reset search_path": "function shop.paid(bigint)",
    "grant execute on function shop.paid(bigint) to anon": "function shop.paid(bigint)",
    "alter table shop.orders disable trigger orders_touch": "trigger orders_touch on shop.orders",
    "drop trigger orders_touch on shop.orders": "trigger orders_touch on shop.orders",
    "comment on table shop.orders is null": "comment table shop.orders",
    "create table shop.backup as select * from shop.orders": "table shop.backup",
    "create policy peek on storage.objects for select to anon using (true)":
        "policy peek on storage.objects",
    "alter default privileges in schema public revoke select on tables from anon":
        "default privilege tables of postgres in public to anon",
    "create extension unaccent with schema extensions": "extension unaccent",
    "drop table shop.orders cascade": "table shop.orders",
}  # fmt: skip


@pytest.fixture
def shop(project: Project) -> Project:
    """A project whose one migration is applied."""
    version = project.add("shop", SHOP, tables=("shop.orders",))
    project.engine(version)
    return project


def _drift(project: Project, capfd: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capfd.readouterr()
    code = project.run("drift", "--json")
    return code, json.loads(capfd.readouterr().out)


def test_what_was_applied_and_left_alone_has_no_drift(shop: Project, capfd):
    code, document = _drift(shop, capfd)
    assert (code, document["drift"], document["not_replayed"]) == (0, [], [])


def test_each_change_by_hand_is_named_and_its_sql_takes_it_back(shop: Project, capfd):
    """All in one database: what is printed for a change undoes exactly that change."""
    wrong = {}
    for change, named in BY_HAND.items():
        shop.sql(change)
        code, document = _drift(shop, capfd)
        objects = [f"{row['kind']} {row['object']}" for row in document["drift"]]
        if code != 3 or not any(named in each for each in objects):
            wrong[change] = objects
        try:
            with shop.connect() as conn, conn.transaction():
                for statement in document["sql"]:
                    conn.execute(statement)
        except psycopg.Error as error:
            wrong[change] = (str(error), document["sql"])
            break
    assert wrong == {}
    assert _drift(shop, capfd)[1]["drift"] == []


def test_looking_for_drift_changes_nothing_on_the_target(shop: Project, capfd):
    shop.sql("create table public.by_hand (id int)")
    before = shop.everything()
    assert shop.run("drift") == 3
    said = capfd.readouterr().out
    assert "table public.by_hand: added by hand" in said
    assert "drop table public.by_hand;" in said
    assert "its rows go with it" in said
    assert shop.everything() == before


def test_an_edited_file_does_not_hide_what_was_applied(shop: Project, capfd):
    """The target is held against the SQL in its history, not against the file of today."""
    path = next(shop.folder.glob("*_shop.sql"))
    path.write_text(SHOP.replace("numeric(10, 2)", "numeric(12, 4)"))
    assert _drift(shop, capfd)[0] == 0


def test_sql_that_came_from_elsewhere_counts_when_the_history_holds_it(shop: Project, capfd):
    text = "create table public.elsewhere (id int primary key)"
    shop.sql(text)
    assert _drift(shop, capfd)[0] == 3
    insert = "insert into supabase_migrations.schema_migrations values (%s, %s, %s)"
    shop.sql(insert, "20990101000000", [text], "elsewhere")
    assert _drift(shop, capfd)[0] == 0
    shop.sql(insert, "20990102000000", None, "unknown")
    code, document = _drift(shop, capfd)
    assert code == 0
    assert document["not_replayed"] == [
        {"version": "20990102000000",
         "why": "there is no file, and the history does not hold its SQL"}
    ]  # fmt: skip


def test_supabases_own_objects_are_not_drift(shop: Project, server, capfd):
    with psycopg.connect(server.conninfo(shop.database, "supabase_admin"), autocommit=True) as conn:
        conn.execute("alter table auth.users add column newer_version text")
        conn.execute("create table storage.newer (id int)")
        conn.execute("create schema _analytics; create table _analytics.x (id int)")
    assert _drift(shop, capfd)[0] == 0


def test_a_database_without_supabase_is_compared_without_its_roles_and_defaults(
    shop: Project, server, capfd
):
    """Extensions, default privileges and schemas of Supabase's are not missed there."""
    name = f"{shop.database}_plain"
    with psycopg.connect(server.conninfo("template1"), autocommit=True) as conn:
        conn.execute(f'create database "{name}" template template0')
    project = Project.__new__(Project)
    project.__dict__ |= {**shop.__dict__, "database": name, "name": f"embedded:{name}"}
    try:
        project.sql("create schema auth; create table auth.users (id uuid primary key)")
        project.sql("create function auth.uid() returns uuid language sql as 'select null::uuid'")
        with project.connect() as conn, conn.transaction():
            migration = project.plan.migrations[0]
            history.ensure(conn)
            for statement in migration.script.statements:
                conn.execute(statement.text)
            history.insert(conn, migration)
        project.sql("drop schema auth cascade")
        code, document = _drift(project, capfd)
        found = {row["object"] for row in document["drift"]}
        assert code == 3
        assert found == {"orders_owner_fkey on shop.orders", '"own orders" on shop.orders'}
    finally:
        project.drop()


def test_a_server_of_another_major_without_supabase_is_compared_too(
    project: Project, capfd, monkeypatch: pytest.MonkeyPatch
):
    text = SHOP.replace(" references auth.users (id) on delete cascade", "")
    text = text.replace("(select auth.uid())", "null")
    text = text.replace("to authenticated\n", "to drift_app\n")
    text = text.replace("to authenticated;", "to drift_app;")
    project.add("shop", text, tables=("shop.orders",))
    script = project.plan.migrations[0].script
    with servers.cluster(15) as cluster:
        cluster.sql("create role drift_app")
        project.sql("create role drift_app")  # a role of the target's, as its files need it
        monkeypatch.setenv("RUNBOOK_TEST_DB", cluster.conninfo())
        with psycopg.connect(cluster.conninfo(), autocommit=True) as conn, conn.transaction():
            history.ensure(conn)
            for statement in script.statements:
                conn.execute(statement.text)
            history.insert(conn, project.plan.migrations[0])
        project.name = "env:RUNBOOK_TEST_DB"
        code, document = _drift(project, capfd)
        assert (code, document["drift"], document["not_replayed"]) == (0, [], [])
        notes = [row["observed"] for row in document["findings"] if row["verdict"] == "SKIP"]
        assert any("PostgreSQL 15 there" in note for note in notes)
        cluster.sql("alter view shop.open_orders reset (security_invoker)")
        assert [row["object"] for row in _drift(project, capfd)[1]["drift"]] == ["shop.open_orders"]
    with psycopg.connect(project.server.conninfo(project.database), autocommit=True) as conn:
        conn.execute("drop role drift_app")


def test_the_sql_between_two_catalogs_leads_from_one_to_the_other(conn: psycopg.Connection):
    """EventOS from nothing, and back: every object written from the catalog alone."""
    empty = catalog.snapshot(conn)
    for migration in read_plan(Path(__file__).parents[1]).everything:
        with conn.transaction():
            for statement in migration.script.statements:
                conn.execute(statement.text)
    whole = catalog.snapshot(conn)
    for there, wanted in ((whole, empty), (empty, whole)):
        mended = mends(catalog.diff(there, wanted), wanted)
        assert [m.change.object for m in mended if not m.written] == []
        with conn.transaction():
            for statement in script(mended):
                conn.execute(statement)
        left = catalog.diff(catalog.snapshot(conn), wanted)
        # The server adds brackets to an expression that it reads for the second time.
        told = [(c.object, c.before, c.after) for c in left if _bare(c.before) != _bare(c.after)]
        assert told == []


def _bare(text: str) -> str:
    return "".join(text.translate(dict.fromkeys(map(ord, "()"))).split())
