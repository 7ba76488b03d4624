"""The history's rows are classified, and mended without running anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from runbook.target import open_target
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

A = "create table public.a (id int primary key);\n"
B = "create table public.b (id int primary key);\n"
ROW = "insert into supabase_migrations.schema_migrations values (%s, %s, %s)"


def _json(project: Project, capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capfd.readouterr()
    project.run(*arguments, "--json")
    return json.loads(capfd.readouterr().out)


def _stamp(project: Project, version: str, as_version: str, name: str = "stamped") -> None:
    """As Supabase's apply_migration does: it runs, under a version of its own."""
    text = project.file(version).read_text()
    project.sql(text)
    project.sql("create schema if not exists supabase_migrations")
    project.sql(ROW, as_version, [text], name)


def test_the_same_sql_under_another_version_and_name_is_re_stamped(project: Project, capfd):
    a, b = project.add("a", A, tables=("public.a",)), project.add("b", B, tables=("public.b",))
    project.engine(a)
    _stamp(project, b, "20270101000000")
    project.sql(ROW, "20270102000000", ["select 1"], "other")
    said = _json(project, capfd, "status")
    assert [each["version"] for each in said["applied"]] == [a]
    assert said["re_stamped"] == [{"version": "20270101000000", "name": "stamped", "migration": b}]
    assert [each["version"] for each in said["foreign"]] == ["20270102000000"]
    assert project.run("status") == 0
    assert "re-stamped    20270101000000 holds the SQL of" in capfd.readouterr().out


def test_a_re_stamped_row_gets_the_files_version_and_the_ledger_says_so(project: Project, capfd):
    b = project.add("b", B, tables=("public.b",))
    _stamp(project, b, "20270101000000")
    before = project.fingerprint()
    assert project.run("reconcile") == 0
    assert "Nothing was changed. Next: the same command with --mode apply\n" in (
        capfd.readouterr().out
    )
    assert project.history() == ["20270101000000"]  # as the hint of `runbook status` promises
    assert project.run("reconcile", "--mode", "apply", "--operator", "grace") == 0
    assert "give the row 20270101000000 the version" in capfd.readouterr().out
    assert project.history() == [b]
    assert project.fingerprint() == before
    (event,) = project.events(b)
    assert (event.stage, event.operator, event.detail["does"]) == ("reconcile", "grace", "re-stamp")
    assert event.detail["row_before"] == "20270101000000"
    assert _json(project, capfd, "status")["re_stamped"] == []
    assert _json(project, capfd, "reconcile")["mends"] == []


def test_an_edited_file_is_accepted_only_where_it_makes_the_same_catalog(project: Project, capfd):
    a, b = project.add("a", A, tables=("public.a",)), project.add("b", B, tables=("public.b",))
    project.engine(a)
    project.engine(b)
    project.file(a).write_text(A.replace("create table", "create table if not exists"))
    project.file(b).write_text(B.replace("int", "bigint"))
    said = _json(project, capfd, "reconcile", "--mode", "check")
    assert [(each["does"], each["version"]) for each in said["mends"]] == [("rewrite", a)]
    assert len(said["left"]) == 1
    assert "makes another catalog than what was applied" in said["left"][0]
    assert project.run("reconcile", "--mode", "apply") == 3  # b is left
    edited = [each["version"] for each in _json(project, capfd, "status")["edited"]]
    assert edited == [b]


def test_a_row_that_was_removed_is_written_again(project: Project, capfd):
    a = project.add("a", A, tables=("public.a",))
    project.engine(a)
    project.sql("delete from supabase_migrations.schema_migrations")
    said = _json(project, capfd, "reconcile", "--mode", "check")
    assert "the ledger holds its apply by ada" in said["mends"][0]["why"]
    assert project.history() == []
    assert project.run("reconcile", "--mode", "apply") == 0
    assert project.history() == [a]


def test_what_was_run_by_hand_is_recorded_when_all_of_it_is_there(project: Project, capfd):
    a = project.add("a", A, tables=("public.a",))
    b = project.add("b", B, tables=("public.b",))
    data = project.add("data", "insert into public.a values (1);\n")
    project.sql(A)
    said = _json(project, capfd, "reconcile", "--mode", "check")
    assert [(each["does"], each["version"]) for each in said["mends"]] == [("record", a)]
    assert {b, data}.isdisjoint(each["version"] for each in said["mends"])


def test_a_protected_target_needs_the_token_and_any_change_voids_it(
    project: Project, capfd, monkeypatch: pytest.MonkeyPatch
):
    b = project.add("b", B, tables=("public.b",))
    _stamp(project, b, "20270101000000")
    monkeypatch.setenv("RUNBOOK_TEST_DB", project.server.conninfo(project.database))
    project.name = "env:RUNBOOK_TEST_DB"
    assert open_target(project.name, project.root).protected
    token = _json(project, capfd, "reconcile")["token"]
    assert project.run("reconcile", "--mode", "apply") == 2
    assert project.run("reconcile", "--mode", "apply", "--approve", "0" * 20) == 2
    assert project.history() == ["20270101000000"]
    project.sql(ROW, "20270102000000", ["select 1"], "other")
    assert project.run("reconcile", "--mode", "apply", "--approve", token) == 2
    project.sql("delete from supabase_migrations.schema_migrations where name = 'other'")
    assert project.run("reconcile", "--mode", "apply", "--approve", token) == 0
    assert project.history() == [b]
