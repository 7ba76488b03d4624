"""Precheck: what can be known before anything is touched, as findings."""

from __future__ import annotations

from typing import Any

import pytest
from runbook import history
from runbook.findings import FAIL, PASS, WARN, Finding
from runbook.precheck import precheck
from sandbox import Project

pytest_plugins = ("engine_fixtures",)


def _findings(project: Project, version: str, **given: bool) -> list[Finding]:
    plan = project.plan
    with project.connect() as conn:
        there = history.classify(plan, history.read(conn))
        return precheck(conn, plan, plan.migration(version), there, major=18, **given)


def _of(rows: list[Finding], check: str) -> list[tuple[str, str, str]]:
    return [(row.object, row.observed, row.verdict) for row in rows if row.check == check]


def test_a_sound_migration_has_no_fail_and_looking_changes_nothing(project: Project):
    version = project.add(
        "sound",
        "create table public.t (id bigint primary key);\n",
        tables=("public.t",),
        rollback="drop table public.t;\n",
        scenario="-- name: it is empty\n-- as: owner\n-- expect: 0 rows\nselect from public.t;\n",
    )
    before = project.everything()
    rows = _findings(project, version)
    assert [row for row in rows if row.verdict == FAIL] == []
    assert _of(rows, "Name is free") == [("public.t", "free", PASS)]
    assert _of(rows, "Transaction")[0][1] == "one transaction"
    assert _of(rows, "Scenario file")[0][1:] == ("1 steps, 0 access tables", PASS)
    assert project.everything() == before


def test_missing_requirements_and_used_names_fail(project: Project):
    first = project.add("first", "select 1;\n")
    second = project.add(
        "second", "create table t (id int);\n", tables=("public.t",), requires=(first,)
    )
    project.sql("create table public.t (x int)")
    rows = _findings(project, second)
    assert _of(rows, "Requires") == [(f"{first}_first", "pending", FAIL)]
    assert _of(rows, "Name is free") == [("public.t", "exists already", FAIL)]
    project.engine(first)
    assert _of(_findings(project, second), "Requires")[0][2] == PASS


def test_a_check_lets_a_migration_require_one_that_is_pending_before_it(project: Project):
    """Else no phase with such a migration would ever come to its plan token."""
    first = project.add("first", "select 1;\n")
    second = project.add("second", "select 2;\n", requires=(first,))
    project.step(second, mode="check").precheck()
    rows = _findings(project, second, only_looking=True)
    observed = "pending, and before this one in the plan"
    assert _of(rows, "Requires") == [(f"{first}_first", observed, PASS)]


@pytest.mark.parametrize(
    ("sql", "created"),
    [
        ("create table t (id int);", ("public.t",)),
        ('create table "Odd.Name" (id int);', ("public.Odd.Name",)),
        ("create table public.t as select 1 as a;", ("public.t",)),
        ("create temp table t (id int);", ()),
        ("create temp table t as select 1 as a;", ()),
        ("create materialized view m as select 1 as a;", ()),
        ("create schema s; create table s.t (id int);", ("s.t",)),
    ],
)
def test_the_plan_must_name_the_tables_that_the_file_creates(
    project: Project, sql: str, created: tuple[str, ...]
):
    right = project.add("right", f"{sql}\n", tables=created)
    wrong = project.add("wrong", f"{sql}\n", tables=("public.other",))
    assert _of(_findings(project, right), "Plan's tables") == []
    ((_, observed, verdict),) = _of(_findings(project, wrong), "Plan's tables")
    assert (observed, verdict) == (", ".join(created) or "none", FAIL)


def test_a_name_with_a_dot_or_capitals_is_looked_up_as_it_is(project: Project):
    project.sql('create table public."Odd.Name" (id int)')
    version = project.add(
        "odd", 'create table public."Odd.Name" (id int);\n', tables=("public.Odd.Name",)
    )
    assert _of(_findings(project, version), "Name is free")[0][2] == FAIL


def test_history_says_edited_out_of_order_foreign_and_restamped(project: Project):
    a, b, c = (project.add(name, f"select '{name}';\n") for name in ("a", "b", "c"))
    project.engine(b)
    project.sql(
        "insert into supabase_migrations.schema_migrations (version, name, statements)"
        " values ('30000101', 'c', array['select ''c''']), ('30000102', 'else', null)"
    )
    rows: dict[str, Any] = {v: _of(_findings(project, v), "History") for v in (a, b, c)}
    assert (f"{a}_a", "a later version is applied already", WARN) in rows[a]
    assert (f"{b}_b", "applied", PASS) in rows[b]
    assert (f"{c}_c", "the same SQL was applied as version 30000101", FAIL) in rows[c]
    assert ("versions without a file", "30000101, 30000102", WARN) in rows[a]
    project.file(b).write_text("select 'other';\n")
    assert (f"{b}_b", "applied, and the file was edited since", FAIL) in _of(
        _findings(project, b), "History"
    )


def test_statements_that_run_alone_and_a_wrapped_file_are_warned_about(project: Project):
    alone = project.add("alone", "select 1;\nvacuum;\n")
    wrapped = project.add("wrapped", "begin;\nselect 1;\ncommit;\n")
    assert _of(_findings(project, alone), "Transaction")[0][1:] == (
        "line 2 runs by itself: vacuum",
        WARN,
    )
    assert "were taken off" in _of(_findings(project, wrapped), "Transaction")[0][1]


def test_extensions_are_looked_for_on_the_server(project: Project):
    version = project.add(
        "extends",
        "create extension if not exists pg_trgm;\ncreate extension nowhere_to_be_found;\n",
    )
    rows = {row[0]: row[1:] for row in _of(_findings(project, version), "Extension")}
    assert rows["nowhere_to_be_found"] == ("the server does not have it", FAIL)
    assert rows["pg_trgm"][1] == PASS


def test_companions_that_cannot_be_read_fail_and_missing_ones_warn(project: Project):
    missing = project.add("missing", "select 1;\n")
    broken = project.add(
        "broken", "select 1;\n", rollback="drop tabel x;\n", scenario="select 1;\n"
    )
    rows = _findings(project, missing)
    assert [_of(rows, check)[0][2] for check in ("Rollback file", "Scenario file")] == [WARN, WARN]
    rows = _findings(project, broken)
    (_, observed, verdict) = _of(rows, "Rollback file")[0]
    assert verdict == FAIL
    assert "syntax error" in observed
    assert _of(rows, "Scenario file")[0][2] == FAIL


def test_what_the_linter_says_is_a_warning_with_its_line(project: Project):
    version = project.add("unsafe", "select 1;\nalter table public.t add column x int not null;\n")
    lints = _of(_findings(project, version), "Lint")
    assert any("line 2" in observed and verdict == WARN for _, observed, verdict in lints)
