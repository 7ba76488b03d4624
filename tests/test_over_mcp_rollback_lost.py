"""Rollback over MCP when the network fails: settled by the ledger, or in doubt, never guessed."""

from __future__ import annotations

import time

import pytest
from management_api import ManagementApi
from runbook.applying.waiting import Limits
from runbook.errors import InDoubt, NoBackup, NotApplied
from runbook.over_mcp import connection, sending
from runbook.way_back import backup
from sandbox import Project
from taking_back import COMMITS, ROWS, applied, take_back

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


def test_an_answer_that_is_lost_or_garbage_is_settled_from_the_ledger(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "VALID_S", 5)
    version = applied(project)
    project.sql(ROWS)
    api.runs_what_it_loses = False
    for api.instead in (None, b"<html>502</html>"):
        api.lose = COMMITS
        with pytest.raises(NotApplied, match="can no longer run"):
            take_back(project)
        assert not (project.root / "saved").exists()
        assert project.history() == [version]
    api.lose, api.runs_what_it_loses, api.instead = COMMITS, True, b'[{"document": 7}]'
    take_back(project)
    assert project.history() == []
    assert project.states(version)[-1] == ("rollback", "passed")
    assert backup.read(project.root / "saved").tables[0].rows == 3


def test_when_nobody_can_be_asked_any_more_it_is_in_doubt_and_the_rows_are_kept(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "VALID_S", 5)
    monkeypatch.setattr(sending, "UNREACHABLE_S", 1)
    version = applied(project)
    project.sql(ROWS)
    api.lose = COMMITS
    api.gone_after = COMMITS
    with pytest.raises(InDoubt, match="could not be asked since") as caught:
        take_back(project)
    assert caught.value.exit_code == 5
    assert "detail->>'call' = '" in caught.value.remedy
    assert backup.read(project.root / "saved").tables[0].rows == 3
    assert project.history() == []  # it was committed, as the ledger knows
    assert project.states(version)[-1] == ("rollback", "passed")


def test_an_answer_that_comes_too_late_is_settled_as_what_became_of_it(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "_LOST_S", -14)
    version = applied(project)
    project.sql(ROWS)
    api.before = lambda text: time.sleep(8) if COMMITS in text else None
    limits = Limits(lock_timeout_ms=100, retries=1, statement_timeout_ms=20_000)
    take_back(project, limits=limits)
    assert (project.history(), project.states(version)[-1]) == ([], ("rollback", "passed"))
    assert backup.read(project.root / "saved").tables[0].rows == 3


def test_rows_that_cannot_be_fetched_stay_where_they_are(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "_PAUSES_S", ())
    version = applied(project)
    project.sql(ROWS)
    api.lose, api.instead = "counted as (", b'{"message": "413 Payload too large"}'
    with pytest.raises(NoBackup, match="could not be read") as caught:
        take_back(project)
    assert "two is still applied" in caught.value.state
    assert not (project.root / "saved").exists()
    assert (project.history(), project.value("select count(*) from public.two")) == ([version], 3)
    assert project.states(version)[-1] == ("rollback", "failed")
