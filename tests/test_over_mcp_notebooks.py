"""Notebooks over MCP, headless: real kernels, real papermill, and the access token in no file."""

from __future__ import annotations

import json

import pytest
from management_api import TOKEN, ManagementApi
from mcp_fixtures import NOTES, SCENARIO, TARGET, plan_token
from runbook.in_hand.desk import open_rollback
from runbook.notebooks import write_notebooks
from runbook.way_back import backup
from sandbox import Project

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


def test_a_phase_and_its_rollback_run_headless_and_no_file_holds_the_access_token(
    project: Project, api: ManagementApi, capsys: pytest.CaptureFixture[str]
):
    version = project.add(
        "notes", NOTES, tables=("public.notes",), scenario=SCENARIO,
        rollback="drop table public.notes;\n",
    )  # fmt: skip
    write_notebooks(project.plan, project.root / "notebooks")
    named = ["--target", TARGET, "--operator", "ada"]

    def run(*arguments: str) -> str:
        assert project.run(*arguments, *named, target=False) == 0
        return capsys.readouterr().out

    said = run("run", "one", "--mode", "apply", "--approve", plan_token("one", project.root))
    assert f"1/1 applied on {TARGET}" in said
    assert project.states(version)[-1] == ("checkpoint", "passed")
    project.sql("insert into public.notes values (1, 'kept')")
    # The command's own check prints the token; the desk's is the same and starts no kernel.
    desk = open_rollback(target=TARGET, operator="ada", project=project.root, versions=version)
    said = run("rollback", version, "--mode", "apply", "--approve", desk.token())
    assert f"0/1 applied on {TARGET}" in said
    assert (project.history(), project.states(version)[-1]) == ([], ("rollback", "passed"))

    runs = project.root / "runs"
    [saved] = runs.glob("*/backup/*")
    assert (saved / backup.read(saved).tables[0].file).read_text() == "1\tkept\n"
    records = [json.loads(each.read_text()) for each in runs.glob("*/manifest.json")]
    assert len(records) == 2
    files = [each for each in project.root.rglob("*") if each.is_file()]
    assert len(files) > 10
    assert [each for each in files if TOKEN.encode() in each.read_bytes()] == []
    assert project.run("audit", "verify", "--target", TARGET, target=False) == 0
