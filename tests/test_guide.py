"""What an operator is told to do next: about a name that is not there, a check that failed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from runbook.errors import CheckFailed, NotApplied
from runbook.findings import FAIL, Finding
from runbook.guide import remedies
from runbook.guide.missing_names import words
from runbook.notebooks import write_notebooks
from runbook.postgres import production_state
from runbook.resources import folder
from sandbox import Project

SCENARIO = "-- name: it is empty\n-- as: owner\n-- expect: 0 rows\nselect from public.t;\n"
pytest_plugins = ("engine_fixtures",)
TABLE = "create table public.t (id int);\nalter table public.t enable row level security;\n"


def test_before_the_notebook_is_open_its_first_cells_come_first():
    what, state, remedy = words("phase", {})
    assert "'phase'" in what
    assert "restarted" in what
    assert "This line did nothing" in state
    assert remedy.startswith("Run the first cells of this notebook")
    assert words("one", {"phase": 1})[2].startswith("Run the cell that begins with `one =` first")


@pytest.fixture(scope="module")
def errors() -> list[Any]:
    """What three cells say in a kernel that was started as `runbook lab` starts it."""
    startup = Path(str(folder("templates"))) / "lab" / "kernel.py"
    sources = ["one.apply()", "def deeper():\n    return nowhere\n\ndeeper()", "_install"]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])
    client = NotebookClient(nb, km=KernelManager(kernel_name="python3"), allow_errors=True)
    client.execute(env={**os.environ, "PYTHONSTARTUP": str(startup)})
    return [cell.outputs[0] for cell in nb.cells]


def test_a_kernel_of_the_lab_says_it_in_three_sentences(errors: list[Any]):
    assert errors[0].output_type == "error"
    assert errors[0].ename == "NameError"
    assert errors[0].traceback == words("one", {})


def test_a_mistake_in_a_function_keeps_its_traceback_and_no_name_is_left_behind(errors: list[Any]):
    assert any("deeper" in line for line in errors[1].traceback)
    assert errors[2].ename == "NameError"


def _said(project: Project, version: str) -> CheckFailed:
    with pytest.raises(CheckFailed) as caught:
        project.step(version).precheck()
    assert ".." not in caught.value.what
    return caught.value


def test_a_missing_rollback_is_written_and_not_the_migration_mended(project: Project):
    risky = project.add("risky", TABLE, tables=("public.t",), risk="high", scenario=SCENARIO)
    said = _said(project, risky)
    assert said.remedy.startswith(f"Write migrations/rollback/{risky}_risky.sql (`runbook draft-")
    bare = project.add("bare", TABLE.replace("public.t", "public.b"), tables=("public.b",),
                       risk="high", rollback="drop table public.b;\n")  # fmt: skip
    said = project.step(bare, mode="check")
    with pytest.raises(CheckFailed) as caught:
        said.precheck()
    assert caught.value.remedy.startswith(f"Write migrations/tests/{bare}_bare.sql, and")


def test_a_typing_mistake_in_the_plan_is_looked_for_in_the_plan(project: Project):
    version = project.add("t", TABLE, tables=("public.tt",))
    said = _said(project, version)
    assert said.what.endswith("_t.sql: public.t, and the plan says public.tt.")
    assert said.remedy.startswith("Make `tables` in plan.toml and migrations/")


def test_an_edited_file_is_put_back(project: Project):
    version = project.add("t", TABLE, tables=("public.t",))
    project.applied(version)
    project.file(version).write_text(TABLE + "create index on public.t (id);\n")
    said = _said(project, version)
    assert said.remedy.startswith("Put the file back as it was applied")
    assert "`runbook reconcile`" in said.remedy


def test_the_check_of_a_rollback_prints_the_token_that_its_apply_accepts(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    version = project.add("t", TABLE, tables=("public.t",), rollback="drop table public.t;\n")
    project.close(version)
    write_notebooks(project.plan, project.root / "notebooks")
    conninfo = production_state.conninfo(project.root, project.database)
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", conninfo)
    command = ("rollback", "t", "--target", "env:RUNBOOK_TEST_TARGET", "--mode")
    assert project.run(*command, "check", target=False) == 0
    out = capfd.readouterr().out
    token = out.split("as it is now: ")[1].split()[0]
    assert "--mode apply --approve TOKEN" in out
    assert project.history() == [version]
    assert project.run(*command, "apply", "--approve", token, target=False) == 0
    assert project.history() == []


def test_what_an_apply_would_be_stopped_for_is_said_at_the_precheck(project: Project):
    project.sql("create table public.kept (id int, name text); insert into public.kept values (1)")
    sql = "update public.kept set name = 'x';\nalter table public.kept drop column name;\n"
    version = project.add("takes", TABLE + "delete from public.t;\n" + sql, tables=("public.t",),
                          risk="medium")  # fmt: skip
    rows = [row for row in project.step(version).precheck().values.tolist() if row[0] == "Losses"]
    assert [row[3].partition(":")[0] for row in rows] == [
        "changes rows of public.kept (line 4)", "drops a column of public.kept (line 5)"
    ]  # fmt: skip
    assert all(row[3].endswith('plan.toml says may_lose = ["public.kept"]') for row in rows)
    with pytest.raises(NotApplied, match=r"public\.kept"):
        project.step(version).apply()
    declared = project.plan_read().replace("may_lose = []", 'may_lose = ["public.kept"]')
    project.plan_text(declared)
    assert "Losses" not in project.step(version).precheck().values[:, 0]


def test_the_log_names_the_check_that_failed_in_one_line_and_no_caret_gets_a_full_stop(
    project: Project,
):
    version = project.add("t", TABLE.replace("int", "nothing"), tables=("public.t",))
    said = _said(project, version)
    assert "^." not in said.what
    assert said.what.endswith("^")
    log = str(project.open().log())
    (issues,) = (line for line in log.splitlines() if line.startswith("  Issues:"))
    assert issues == (
        f"  Issues:    precheck failed: Runs on a twin: migrations/{version}_t.sql, line 1: type"
        ' "nothing" does not exist (SQLSTATE 42704)'
    )


def test_the_logs_line_is_short_redacted_and_says_how_many_more():
    rows = [
        Finding("scenario", "a visitor", "1 row", "postgresql://app:hunter2-Zq9@db/app", FAIL),
        Finding("scenario", "a user", "1 row", "2 rows", FAIL),
    ]
    said = remedies.in_a_line(rows)
    assert said == "scenario, a visitor: postgresql://app:***@db/app (and 1 more)"
    long = remedies.in_a_line([Finding("Rows", "t", "none", "x" * 1_000, FAIL)])
    assert len(long) == 240
    assert long.endswith("x…")
