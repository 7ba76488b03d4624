"""Every migration there and back again; drafts that restore exactly what they say they do."""

from __future__ import annotations

import json

import psycopg
from conftest import PROJECT
from runbook import catalog, embedded
from runbook.plan import Migration
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.sql import read_script
from runbook.way_back.draft import draft
from runbook.way_back.prove import STEPS, prove
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int);\nalter table public.one enable row level security;\n"


def test_all_thirteen_go_there_and_back_again(server: embedded.Server, monkeypatch):
    monkeypatch.setenv("RUNBOOK_HOME", str(server.home))
    try:
        proofs = prove(read_plan(PROJECT))
    finally:
        production_state.release(PROJECT)
    assert [p.migration.name for p in proofs if not p.passed] == []
    assert len(proofs) == 13
    assert all([row.check for row in p.findings] == list(STEPS) for p in proofs)
    assert {row.verdict for p in proofs for row in p.findings} == {"PASS"}


def test_a_rollback_that_forgets_something_fails_the_proof(project: Project, capsys):
    project.add("one", ONE + "create schema more;\n",
                rollback="drop table public.one;\n", tables=("public.one",))  # fmt: skip
    assert project.run("prove", "--json", target=False) == 3
    found = json.loads(capsys.readouterr().out)
    verdicts = {row["check"]: row["verdict"] for row in found["findings"]}
    assert verdicts == {
        "apply": "PASS", "verify": "PASS", "roll back": "FAIL", "same catalog": "SKIP",
        "same rows": "SKIP", "apply again": "SKIP",
    }  # fmt: skip
    assert found["proved"] == 0


def test_a_rollback_that_touches_rows_of_before_fails_the_proof(project: Project):
    project.add("one", ONE + "insert into public.one values (1);\n",
                rollback="drop table public.one;\n", tables=("public.one",))  # fmt: skip
    project.add("two", ONE.replace("one", "two"),
                rollback="drop table public.two;\nupdate public.one set id = 2;\n",
                tables=("public.two",))  # fmt: skip
    proofs = prove(project.plan)
    assert proofs[0].passed
    assert [row.check for row in proofs[1].findings if row.verdict == "FAIL"] == ["same rows"]


def test_drafts_of_the_thirteen_restore_the_catalog_where_nothing_is_missing(
    server: embedded.Server, database: str
):
    plan = read_plan(PROJECT)
    complete = []
    with psycopg.connect(database, autocommit=True) as conn:
        for migration in plan.everything:
            made = draft(migration.script, migration.name)
            before = catalog.snapshot(conn)
            _run(conn, migration.script.statements)
            left = _left_by(conn, migration, made.text)
            if not made.missing:
                assert catalog.diff(before, left) == [], migration.name
                complete.append(migration.name)
    assert len(complete) >= 11


def _left_by(conn: psycopg.Connection, migration: Migration, text: str) -> catalog.Catalog:
    from runbook.sql import split

    with conn.transaction(force_rollback=True):
        _run(conn, split(text, file=f"draft of {migration.name}"))
        return catalog.snapshot(conn)


def _run(conn: psycopg.Connection, statements) -> None:
    with conn.transaction():
        for statement in statements:
            conn.execute(statement.text)


def test_a_draft_names_what_it_cannot_take_back(project: Project, capsys):
    version = project.add("mixed", """\
create table public.fresh (id int primary key);
insert into public.fresh values (1);
update public.old set n = 1;
alter table public.old add column more int, alter column n type bigint;
grant select on public.old to anon;
comment on column public.fresh.id is 'ours';
create index on public.old (n);
do $$ begin end $$;
alter table public.old alter column n set not null;
""")  # fmt: skip
    assert project.run("draft-rollback", version, target=False) == 0
    said = capsys.readouterr().out
    for words in ("line 3: no inverse: update public.old", "line 4: no inverse",
                  "line 5: assumed", "line 7: no inverse", "line 8: no inverse",
                  "line 9: assumed"):  # fmt: skip
        assert words in said
    script = read_script(project.migration(version).rollback)
    assert [statement.text for statement in script.statements] == [
        "alter table public.old alter column n drop not null",
        "REVOKE select ON public.old FROM anon",
        "alter table public.old drop column more",
        "drop table public.fresh",
    ]
    assert project.run("draft-rollback", version, target=False) == 2
