"""A rehearsal runs everything that is pending on a copy; the target is only read."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from runbook import embedded
from runbook.apply import Applied
from runbook.rehearsal import kept, sample
from runbook.rehearsal.rehearse import _extensions
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = """\
create table public.notes (id int primary key, body text);
alter table public.notes enable row level security;
create policy readable on public.notes for select to anon using (true);
"""
SCENARIO = """\
-- name: nobody has written yet
-- as: anon
-- expect: 0 rows
select from public.notes;
"""
FAMILY = """\
create table public.people (
    id int primary key, boss int references public.people, account uuid references auth.users,
    shout text generated always as (upper(id::text)) stored
);
create table public.orders (
    id bigint generated always as identity primary key,
    person int not null references public.people, tags text[], more jsonb
);
create table public.lines (
    order_id bigint references public.orders, number int, primary key (order_id, number)
);
insert into auth.users (id, email) values ('00000000-0000-0000-0000-000000000007', 'a@b.example');
insert into public.people (id, boss, account) select n, nullif(n - 1, 0), null
    from generate_series(1, 20) n;
update public.people set account = '00000000-0000-0000-0000-000000000007' where id = 1;
insert into public.orders (person, tags, more)
    select n, array['a b', '"'], '{"x": [1, null]}' from generate_series(20, 11, -1) n;
insert into public.lines select n, m from generate_series(10, 6, -1) n, generate_series(1, 2) m;
"""


def _rehearse(project: Project, capfd, *arguments: str) -> tuple[int, dict[str, Any]]:
    capfd.readouterr()
    code = project.run("rehearse", "--json", *arguments)
    return code, json.loads(capfd.readouterr().out)


def test_what_is_pending_goes_there_and_back_on_a_copy_and_the_real_run_is_shown_beside_it(
    project: Project, capfd
):
    version = project.add(
        "notes", TABLE, tables=("public.notes",), scenario=SCENARIO,
        rollback="drop table public.notes;\n",
    )  # fmt: skip
    project.sql("create table public.before (id int)")
    before = project.everything()
    code, document = _rehearse(project, capfd, "--operator", "ada")
    assert code == 0
    (one,) = document["migrations"]
    steps = {row["check"]: row["verdict"] for row in one["findings"]}
    assert [steps[s] for s in ("apply", "verify", "test", "roll back", "apply again")] == [
        "PASS"
    ] * 5
    assert "waiting behind other sessions" in document["cannot_show"][0]
    assert project.everything() == before
    (record,) = (project.root / "runs" / "rehearsals").iterdir()
    assert json.loads(record.read_text())["operator"] == "ada"

    applied = Applied(1, 1.5, 1, (), "", None, ())
    (row,) = kept.beside(project.root, project.target, project.migration(version), applied)
    assert row.expected.endswith("s, 0 existing rows in the rehearsal")
    assert row.observed == "1.500 s, 0 existing rows now"
    project.file(version).write_text(TABLE + "-- edited\n")
    assert kept.beside(project.root, project.target, project.migration(version), applied) == []


def test_the_apply_cell_shows_rehearsal_and_reality_side_by_side(project: Project, capfd):
    version = project.add("notes", TABLE, tables=("public.notes",),
                          rollback="drop table public.notes;\n")  # fmt: skip
    assert _rehearse(project, capfd)[0] == 0
    step = project.step(version)
    step.precheck()
    shown = repr(step.apply())
    assert "Rehearsal" in shown
    assert "existing rows in the rehearsal" in shown


def test_only_a_sample_of_rows_shows_what_fails_on_rows(project: Project, capfd):
    project.sql("create table public.old (id int); insert into public.old values (1), (1)")
    project.add("unique", "alter table public.old add constraint one unique (id);\n",
                rollback="alter table public.old drop constraint one;\n")  # fmt: skip
    assert _rehearse(project, capfd)[0] == 0
    code, document = _rehearse(project, capfd, "--sample-rows", "10")
    assert code == 3
    assert document["sampled_rows"] == {"public.old": 2}
    assert "could not create unique index" in document["migrations"][0]["findings"][0]["observed"]
    assert project.history() == []


def test_a_rollback_that_leaves_something_fails_the_rehearsal_and_stops_it(project: Project, capfd):
    project.add("a", TABLE, tables=("public.notes",), rollback="select 1;\n")
    project.add("b", "create table public.b (id int);\n", tables=("public.b",))
    code, document = _rehearse(project, capfd)
    assert code == 3
    assert (document["pending"], len(document["migrations"])) == (2, 1)
    assert project.run("rehearse") == 3
    said = capfd.readouterr().out
    assert "0 of 2 pending went there, back and there again" in said
    assert "A rehearsal cannot show:" in said


def test_a_migration_without_a_rollback_goes_one_way_and_the_next_is_still_rehearsed(
    project: Project, capfd
):
    project.add("a", TABLE, tables=("public.notes",), scenario=SCENARIO)
    project.add("b", "alter table public.notes add column more text;\n",
                rollback="alter table public.notes drop column more;\n")  # fmt: skip
    code, document = _rehearse(project, capfd)
    assert code == 0, document
    rows = document["migrations"][0]["findings"]
    assert [row["observed"].rpartition(": ")[2] for row in rows if row["check"] == "roll back"] == [
        "it goes one way"
    ]
    assert project.run("rehearse") == 0
    assert "again (1 of them only there: no rollback file)" in capfd.readouterr().out
    risky = project.add("c", "alter table public.notes drop column body;\n", risk="high")
    code, document = _rehearse(project, capfd)
    assert (code, document["migrations"][-1]["version"]) == (3, risky)


def test_a_sample_holds_all_that_its_rows_refer_to(project: Project, server: embedded.Server):
    project.sql(FAMILY)
    with project.connect() as there:
        tables, unread = sample.take(there, 2)
    assert unread == []
    counts = {str(table): len(table.rows) for table in tables}
    assert counts["public.lines"] == 2
    assert counts["public.orders"] <= 4  # two of its own, and those of the lines
    copy = f"{project.database}_copy"
    admin = server.conninfo("template1", "supabase_admin")
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(f"create database {copy} template {project.database}")
    try:
        superuser = server.conninfo(copy, "supabase_admin")
        with psycopg.connect(superuser, autocommit=True) as conn:
            conn.execute("truncate public.people, public.orders, public.lines, auth.users cascade")
            assert sample.put(conn, tables) == []
            left = {
                name: conn.execute(f"select count(*) from {name}").fetchone()[0] for name in counts
            }
            assert left == counts
            for table, column, other in (
                ("people", "boss", "public.people"), ("people", "account", "auth.users"),
                ("orders", "person", "public.people"), ("lines", "order_id", "public.orders"),
            ):  # fmt: skip
                orphans = conn.execute(
                    f"select count(*) from public.{table} t where {column} is not null and not"
                    f" exists (select from {other} o where o.id = t.{column})"
                ).fetchone()
                assert orphans == (0,), (table, column)
            assert counts["auth.users"] == 1  # the boss of all bosses comes along, and the account
            # The next row does not collide with a sampled one.
            conn.execute("insert into public.orders (person) select min(id) from public.people")
            tags = "select tags, more from public.orders where tags is not null limit 1"
            assert conn.execute(tags).fetchone() == (["a b", '"'], {"x": [1, None]})
    finally:
        embedded.drop(server, copy)


def test_extensions_that_the_copy_lacks_are_named(conn: psycopg.Connection):
    said = _extensions(conn, {"postgis": "3.4", "pgcrypto": "1.3", "pg_trgm": "1.6"})
    assert said[0] == "extension postgis 3.4: the embedded server does not have it"
    assert said[1].startswith("extension pgcrypto: a stand-in")
    assert len(said) == 2


def test_a_negative_sample_is_refused(project: Project):
    assert project.run("rehearse", "--sample-rows", "-1") == 2
