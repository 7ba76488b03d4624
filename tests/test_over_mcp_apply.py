"""Apply over MCP: one text commits exactly what was judged, or nothing; also when it is lost."""

from __future__ import annotations

import pytest
from management_api import ManagementApi
from mcp_fixtures import KEPT, opened
from runbook.errors import Held, LockTimeout, NotApplied, StatementFailed
from runbook.in_hand.opened import OpenPhase
from runbook.over_mcp import sending
from sandbox import Project

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


def test_a_failing_statement_leaves_nothing_and_says_where(project: Project, api: ManagementApi):
    text = "create table public.a (id int);\n\ninsert into public.kept values (1);\n"
    version = project.add("fails", text, tables=("public.a",))
    project.sql(KEPT)
    phase = opened("one", project.root)
    step = phase[version]
    step.precheck()  # on the twin the table is missing; the file is what is tried here
    before = project.fingerprint()
    with pytest.raises(StatementFailed) as caught:
        step.apply()
    words = caught.value.what
    assert words.startswith(f"migrations/{version}_fails.sql, line 3: duplicate key value")
    assert "(SQLSTATE 23505)" in words
    assert "Detail: Key (id)=(1) already exists." in words
    assert "inline_code_block" not in words
    assert (project.fingerprint(), project.history()) == (before, [])
    assert project.states(version)[-2:] == [("apply", "started"), ("apply", "failed")]


def test_what_the_twin_could_not_show_is_judged_before_it_is_committed(
    project: Project, api: ManagementApi
):
    change = "update public.kept set said = 'changed';"
    refused = project.add("loses", change)
    project.sql(KEPT)
    texts: list[str] = []
    api.before = lambda query: texts.append(query) if "tables_before" in query else None
    phase = opened("one", project.root)
    with pytest.raises(NotApplied, match=r"public\.kept: 1 rows changed"):
        _applied(phase, refused)
    assert project.value("select said from public.kept") is None
    assert project.history() == []
    declared = project.plan_read().replace("may_lose = []", 'may_lose = ["public.kept"]')
    project.plan_text(declared)
    texts.clear()
    phase = opened("one", project.root)
    shown = str(_applied(phase, refused))
    assert "1 updated" in shown
    assert project.value("select said from public.kept") == "changed"
    assert project.events(refused)[-1].detail["losses"] == {
        "declared": ["public.kept"],
        "lost": {"public.kept": ["1 rows changed"]},
    }
    assert len(texts) == 2  # the twin's account, which was not it; then the one that was judged


def _applied(phase: OpenPhase, version: str) -> object:
    step = phase[version]
    step.precheck()
    return step.apply()


def test_a_lock_that_somebody_holds_ends_in_the_same_error(project: Project, api: ManagementApi):
    version = project.add("waits", "alter table public.kept add column more int;")
    project.sql(KEPT)
    phase = opened("one", project.root, lock_timeout_ms=100)
    phase.limits = type(phase.limits)(lock_timeout_ms=100, retries=1)
    step = phase[version]
    step.precheck()
    with project.connect() as other, other.transaction():
        other.execute("select from public.kept")
        with pytest.raises(LockTimeout, match="2 attempts"):
            step.apply()
    step.apply()
    assert project.history() == [version]


@pytest.mark.parametrize("ran", [True, False])
def test_a_lost_answer_is_settled_from_the_ledger(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch, ran: bool
):
    monkeypatch.setattr(sending, "VALID_S", 5)
    text = "create table public.a (id int); alter table public.a enable row level security;"
    version = project.add("lost", text, tables=("public.a",))
    step = opened("one", project.root)[version]
    step.precheck()
    api.lose, api.runs_what_it_loses = "tables_before", ran
    if ran:
        assert "2 run" in str(step.apply())
    else:
        with pytest.raises(NotApplied, match="can no longer run"):
            step.apply()
        step.apply()
    assert project.history() == [version]
    assert project.states(version).count(("apply", "passed")) == 1
    step.verify()


def test_a_text_that_comes_too_late_does_not_run(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    version = project.add("late", "create table public.a (id int);", tables=("public.a",))
    step = opened("one", project.root)[version]
    step.precheck()
    monkeypatch.setattr(sending, "VALID_S", -1)
    with pytest.raises(NotApplied, match="did not run"):
        step.apply()
    assert project.history() == []


def test_another_runner_and_a_changed_catalog_stop_the_text(project: Project, api: ManagementApi):
    version = project.add("one", "create table public.a (id int);", tables=("public.a",))
    step = opened("one", project.root)[version]
    step.precheck()

    def meddle(query: str) -> None:
        if "tables_before" in query:
            api.before = lambda query: None
            project.sql("create table public.by_hand (id int)")

    api.before = meddle
    with pytest.raises(NotApplied, match="catalog changed while"):
        step.apply()
    assert project.history() == []
    project.sql("drop table public.by_hand")
    with project.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('runbook.apply', 0))")
        with pytest.raises(Held, match="held by another runner"):
            step.apply()
    step.apply()
    assert project.history() == [version]
