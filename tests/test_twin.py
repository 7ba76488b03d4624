"""A file that parses can still fail: the twin finds it before the target is touched."""

import os

import psycopg
import pytest
from runbook import catalog
from runbook.errors import CheckFailed
from runbook.findings import FAIL, PASS, SKIP, WARN
from runbook.twins import schema_copy
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = "create table public.a (id int primary key, at timestamptz);"


def _verdicts(rows, check: str) -> list[tuple[str, str]]:
    return [(row.verdict, row.observed) for row in rows.itertuples() if row.check == check]


def _twins(project: Project) -> list[str]:
    with psycopg.connect(project.server.conninfo("template1")) as conn:
        # This process's own: other workers share the server, and have twins of theirs.
        own = f"twin_{os.getpid()}_%"
        rows = conn.execute("select datname from pg_database where datname like %s", [own])
        return [name for (name,) in rows]


def test_an_index_predicate_that_is_not_immutable_is_found_before_the_target(project: Project):
    project.add(
        "a", TABLE + "create index on public.a (id) where at > now();", tables=("public.a",)
    )
    with project.connect() as conn:
        before = catalog.fingerprint(catalog.snapshot(conn))
    phase = project.open("one")
    with pytest.raises(CheckFailed, match="42P17"):
        phase["a"].precheck()
    with project.connect() as conn:
        assert catalog.fingerprint(catalog.snapshot(conn)) == before
    assert not _twins(project)


def test_files_after_the_first_failure_are_said_to_be_untried(project: Project):
    project.add("a", "create view public.v as select missing from auth.users;")
    project.add("b", TABLE, tables=("public.a",))
    phase = project.open("one", mode="check")
    with pytest.raises(CheckFailed, match="42703"):
        phase["a"].precheck()
    seen = _verdicts(phase["b"].precheck(), "Runs on a twin")
    assert [verdict for verdict, _ in seen] == [SKIP]
    assert "fails before it" in seen[0][1]


def test_a_table_that_somebody_holds_for_long_is_the_reason_why_nothing_was_tried(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema_copy, "_LOCK_WAIT_MS", 200)
    project.add("a", TABLE, tables=("public.a",))
    project.sql("create table public.held ()")
    with project.connect() as conn, conn.transaction():
        conn.execute("lock table public.held")
        seen = _verdicts(project.open("one")["a"].precheck(), "Runs on a twin")
    [(verdict, reason)] = seen
    assert verdict == SKIP
    assert "ACCESS EXCLUSIVE" in reason
    assert not _twins(project)


def test_a_mended_file_is_tried_again_in_the_same_kernel(project: Project):
    version = project.add("a", TABLE + "create index on public.a (nothing);", tables=("public.a",))
    phase = project.open("one")
    with pytest.raises(CheckFailed, match="42703"):
        phase["a"].precheck()
    project.write(f"{version}_a.sql", TABLE)
    assert [verdict for verdict, _ in _verdicts(phase["a"].precheck(), "Runs on a twin")] == [PASS]


@pytest.mark.parametrize(
    ("rollback", "verdict"), [("drop table public.a;", PASS), ("select 1;", FAIL)]
)
def test_a_rollback_file_has_to_restore_the_twins_catalog(
    project: Project, rollback: str, verdict: str
):
    project.add("a", TABLE, tables=("public.a",), rollback=rollback)
    step = project.open("one")["a"]
    if verdict == FAIL:
        with pytest.raises(CheckFailed, match="differences remain"):
            step.precheck()
    else:
        assert _verdicts(step.precheck(), "Rollback on the twin") == [(PASS, "identical")]


def test_what_the_target_was_given_by_hand_is_on_its_twin_too(project: Project):
    with project.connect() as conn:
        conn.execute("create table public.by_hand (id int primary key)")
    project.add("a", "alter table public.by_hand add column note text;")
    rows = project.open("one", mode="check")["a"].precheck()
    assert [verdict for verdict, _ in _verdicts(rows, "Runs on a twin")] == [PASS]


def test_a_statement_for_the_whole_server_is_not_tried_and_said_so(project: Project):
    project.add("a", "create database made_on_a_twin;")
    rows = project.open("one", mode="check")["a"].precheck()
    assert [verdict for verdict, _ in _verdicts(rows, "Twin")] == [WARN]
    assert "create database made_on_a_twin" in _verdicts(rows, "Twin")[0][1]
    with psycopg.connect(project.server.conninfo("template1")) as conn:
        made = conn.execute("select 1 from pg_database where datname = 'made_on_a_twin'")
        assert made.fetchone() is None
