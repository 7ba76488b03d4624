"""Looking over MCP: what a direct connection would say, or a clear word that it cannot be said."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from management_api import TOKEN, ManagementApi
from mcp_fixtures import NOTES, SCENARIO, TARGET, plan_token
from runbook.commands.usage import parser
from runbook.findings import SKIP
from sandbox import Project

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


@pytest.fixture
def notes(project: Project, api: ManagementApi) -> str:
    """A project with one applied migration, and one that is pending; the first one's version."""
    version = project.add(
        "notes", NOTES, tables=("public.notes",), scenario=SCENARIO,
        rollback="drop table public.notes;\n",
    )  # fmt: skip
    project.add("more", NOTES.replace("notes", "more"), tables=("public.more",))
    project.engine(version)
    return version


def _said(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The document of a command over MCP, and of the same one on a direct connection."""
    documents = []
    for target in (TARGET, project.name):
        project.run(*arguments, "--json", "--target", target, target=False)
        documents.append(json.loads(capsys.readouterr().out))
    return documents


def test_validation_says_the_same_and_of_times_that_they_are_not_measured(
    project: Project, notes: str, capsys: pytest.CaptureFixture[str]
):
    over, direct = _said(project, capsys, "validate", "--play", "--performance")
    for section in ("findings", "scenarios", "access"):
        assert over[section] == direct[section], section
    assert len(over["scenarios"]) > 2
    assert {row["verdict"] for row in over["performance"]} == {SKIP}
    assert all("over MCP" in row["observed"] for row in over["performance"])


def test_what_was_changed_by_hand_is_found_with_the_sql_to_take_it_back(
    project: Project, notes: str, capsys: pytest.CaptureFixture[str]
):
    project.sql(
        "alter table public.notes add by_hand int; create index said on public.notes (said)"
    )
    over, direct = _said(project, capsys, "drift")
    assert {**over, "target": ""} == {**direct, "target": ""}
    assert "drop index public.said" in json.dumps(over)
    over, direct = _said(project, capsys, "status")
    assert {**over, "target": ""} == {**direct, "target": ""}


def test_the_card_names_a_rollback_that_works_from_here(
    project: Project, notes: str, capsys: pytest.CaptureFixture[str]
):
    over, direct = _said(project, capsys, "handover")
    line = over["roll_back"].partition("   (")[0]
    given = parser().parse_args(shlex.split(line)[1:])
    assert (given.run, given.target, given.mode) == ("commands.back:rollback", TARGET, "check")
    assert given.versions == ["notes"]
    assert over["done"] == direct["done"]


def test_a_second_person_approves_over_mcp_and_says_from_where(
    project: Project, notes: str, capsys: pytest.CaptureFixture[str]
):
    token = plan_token("one", project.root)
    approving = ["approve", token, "--target", TARGET, "--operator", "eve"]
    assert project.run(*approving, target=False) == 0
    said = capsys.readouterr()
    assert f"eve approved {token} on {TARGET}" in said.out + said.err
    [event] = [each for each in project.events() if each.stage == "approve"]
    assert event.operator == "eve"
    assert TOKEN not in str(event.detail)
    assert project.run("approve", "wrong", *approving[2:], target=False) == 2


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("rehearse",), "A rehearsal needs a session"),
        (("measure",), "Measuring needs a session"),
        (("restore", "any"), "Putting rows back needs a session"),
    ],
)
def test_what_needs_a_session_is_refused_with_the_way_that_works(
    project: Project, api: ManagementApi, arguments: tuple[str, ...], what: str,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    project.add("notes", NOTES, tables=("public.notes",))
    assert project.run(*arguments, "--target", TARGET, target=False) == 2
    said = capsys.readouterr().err
    assert what in said
    assert "session pooler (port 5432)" in said


def test_a_read_that_was_lost_is_asked_again_and_one_that_stays_lost_is_said(
    project: Project, notes: str, api: ManagementApi, capsys: pytest.CaptureFixture[str]
):
    looking = ("status", "--target", TARGET)
    for instead in (None, b"<html>502</html>", b'[{"document": "{'):
        api.lose, api.instead = "schema_migrations", instead
        assert project.run(*looking, target=False) == 0
        assert api.lose == ""
        assert "1 applied, 1 pending" in capsys.readouterr().out
    api.lose = api.gone_after = "schema_migrations"
    assert project.run(*looking, target=False) == 1
    said = capsys.readouterr().err
    assert "Unexpected" not in said
    assert "over MCP: " in said
    assert "looking changes nothing" in said
    assert "it looks first" in said
