"""What operators say counts: issues hold the next migration back, risk asks to be acknowledged."""

import pytest
from runbook.errors import OutOfOrder, Refused
from runbook.findings import PASS
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = """
create table public.one (id int primary key);
alter table public.one enable row level security;
"""
TWO = ONE.replace("one", "two")


def _two(project: Project, **given: str) -> tuple[str, str]:
    one = project.add("one", ONE, tables=("public.one",), **given)
    return one, project.add("two", TWO, tables=("public.two",))


def test_an_open_issue_holds_the_next_migration_back_until_it_is_resolved(project: Project):
    one, two = _two(project)
    first = project.close(one)
    said = first.issue("the token column is not what support expects")
    assert said.startswith("one: issue 1 (ada, open): the token column")
    before = project.everything()
    for stage in ("precheck", "apply"):
        with pytest.raises(OutOfOrder, match="two waits: one has an open issue") as caught:
            getattr(project.step(two, operator="bob"), stage)()
        assert 'one.resolve("…", number=1)' in caught.value.remedy
        assert "the token column is not what support expects" in str(caught.value)
    assert project.everything() == before
    closed = project.step(one, operator="bob").resolve("support agreed")
    assert "resolved: support agreed (bob)" in closed
    project.close(two)
    log = project.open().log()
    assert "issue 1 (ada, resolved: support agreed (bob)): the token column" in log


def test_an_issue_is_shown_in_the_log_while_it_is_open(project: Project):
    one, _ = _two(project)
    step = project.close(one)
    step.issue("slow")
    assert "issue 1 (ada, open): slow" in step.checkpoint()
    assert "issue 1 (ada, open): slow" in project.open().log()


def test_of_several_open_issues_the_resolved_one_is_named(project: Project):
    one, two = _two(project)
    step = project.close(one)
    step.issue("first")
    step.issue("second")
    with pytest.raises(Refused, match="which one") as caught:
        step.resolve("done")
    assert "issue 1" in str(caught.value)
    assert "issue 2" in str(caught.value)
    step.resolve("done", number=1)
    with pytest.raises(OutOfOrder, match="second"):
        project.step(two).precheck()
    step.resolve("done too")
    with pytest.raises(Refused, match="no open issue"):
        step.resolve("again")
    with pytest.raises(Refused, match="says nothing"):
        step.issue("  ")
    project.step(two).precheck()


def test_in_mode_check_nothing_is_written(project: Project):
    one, _ = _two(project)
    project.close(one)
    before = project.everything()
    assert "only looked at" in project.step(one, mode="check").issue("x")
    assert project.everything() == before


@pytest.mark.parametrize("risk", ["medium", "high"])
def test_medium_and_high_risk_are_closed_only_when_acknowledged(project: Project, risk: str):
    scenario = (
        "-- name: a row\n-- as: owner\n-- expect: 1 affected\ninsert into public.one values (1);\n"
    )
    one, two = _two(project, risk=risk, scenario=scenario, rollback="drop table public.one;\n")
    step = project.applied(one)
    with pytest.raises(OutOfOrder, match="known when its test stage has passed"):
        step.acknowledge()
    step.verify()
    step.test()
    with pytest.raises(OutOfOrder, match=f"acknowledge is not run; a risk of {risk}") as caught:
        step.checkpoint()
    assert "one.acknowledge()" in caught.value.remedy
    with pytest.raises(OutOfOrder, match="checkpoint is missing"):
        project.step(two).precheck()
    shown = step.acknowledge()
    assert {"Lock forecast", "Existing rows", "Locks", "Access"} <= set(shown["check"])
    (event,) = [e for e in project.events(one) if e.stage == "acknowledge"]
    assert (event.operator, event.detail["unattended"]) == ("ada", True)
    assert event.findings == [tuple(row) for row in shown.values.tolist()]
    again = project.step(one, operator="bob").acknowledge()
    assert "Recorded: ada" in again.note
    step.checkpoint()
    rows = next(e for e in project.events(one) if e.stage == "checkpoint").findings
    assert "in a headless run" in rows[-1].observed
    project.close(two)


def test_a_low_risk_asks_for_nothing(project: Project):
    one, _ = _two(project)
    project.close(one)
    rows = next(e for e in project.events(one) if e.stage == "checkpoint").findings
    assert [row.object for row in rows] == ["precheck", "apply", "verify", "test"]
    assert rows[0].verdict == PASS
