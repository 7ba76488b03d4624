"""Risk changes what is asked: a plan that plays it down is told so, a high one is proved first."""

import pytest
from runbook.applying.account import Account
from runbook.errors import CheckFailed, OutOfOrder
from runbook.findings import FAIL, PASS, SKIP, WARN
from runbook.statements.risk import compared
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = """
create table public.one (id int primary key);
alter table public.one enable row level security;
"""
ROW = "-- name: a row\n-- as: owner\n-- expect: 1 affected\ninsert into public.one values (1);\n"
SUGGESTED = {
    "create table public.n (id int); create index on public.n (id); "
    " insert into public.n values (1); alter table public.n add x int; drop table public.n;": (
        "low",
        "",
    ),
    "create function private.f() returns int language sql security definer set search_path = ''"
    " as 'select 1';": ("low", ""),
    "alter table public.old add x int;": ("medium", "alters public.old (line 1)"),
    "create index on public.old (id);": ("medium", "builds an index on public.old (line 1)"),
    "update public.old set id = 1;": ("medium", "changes rows of public.old (line 1)"),
    "do $$ begin end $$;": ("medium", "runs a DO block, which may do anything (line 1)"),
    "create policy p on public.old using (true);": (
        "medium",
        "adds a policy to public.old (line 1)",
    ),
    "create function f() returns int language sql security definer as 'select 1';": (
        "medium",
        "makes f SECURITY DEFINER, within reach of the API (line 1)",
    ),
    "alter table public.old drop column x;": ("high", "drops a column of public.old (line 1)"),
    "alter table public.old disable row level security;": (
        "high",
        "disables row level security of public.old (line 1)",
    ),
    "alter table old alter x type text;": (
        "high",
        "changes a column's type of public.old (line 1)",
    ),
    "drop policy p on public.old;": ("high", "drops the policy public.old.p (line 1)"),
    "drop table old;": ("high", "drops the table old (line 1)"),
    "truncate public.old;": ("high", "truncates public.old (line 1)"),
    "delete from public.old;": ("high", "deletes rows of public.old (line 1)"),
    "alter table public.old rename to older;": (
        "high",
        "renames public.old or a part of it (line 1)",
    ),
}


@pytest.mark.parametrize("sql", SUGGESTED)
def test_a_risk_lower_than_the_sql_suggests_is_a_warning_that_says_why(project: Project, sql: str):
    level, why = SUGGESTED[sql]
    found = compared(project.migration(project.add("one", sql)))
    assert found.expected == "low, says the plan"
    if level == "low":
        assert (found.observed, found.verdict) == ("nothing suggests more", PASS)
    else:
        assert (found.observed, found.verdict) == (f"the SQL suggests {level}: {why}", WARN)
    assert compared(project.migration(project.add("two", sql, risk="high"))).verdict == PASS


def test_a_rewrite_that_only_the_twin_shows_suggests_a_high_risk(project: Project):
    project.sql("create table public.old (id int)")
    one = project.add("one", "alter table public.old add x uuid default gen_random_uuid();")
    shown = project.step(one).precheck()
    risks = [row for row in shown.itertuples() if row.check == "Risk"]
    assert [row.verdict for row in risks] == [WARN]
    assert "rewrites public.old (seen on the twin)" in risks[0].observed
    rewritten = Account(1, (), (), ("public.old",))
    assert "suggests high" in compared(project.migration(one), rewritten).observed


def test_a_high_risk_is_applied_after_apply_test_and_rollback_on_the_twin(project: Project):
    one = project.add(
        "one", ONE, tables=("public.one",), risk="high", scenario=ROW,
        rollback="drop table public.one;\n",
    )  # fmt: skip
    shown = project.step(one).precheck()
    told = {row.check: (row.observed, row.verdict) for row in shown.itertuples()}
    assert told["Scenario on the twin"] == ("as declared", PASS)
    assert told["Rollback on the twin"] == ("identical", PASS)
    project.step(one).apply()  # in another kernel: the ledger knows
    assert project.history() == [one]


def test_a_high_risk_without_that_proof_is_refused(project: Project, monkeypatch):
    one = project.add(
        "one", ONE, tables=("public.one",), risk="high", scenario=ROW,
        rollback="drop table public.one;\n",
    )  # fmt: skip
    phase = project.open()
    with monkeypatch.context() as without:
        without.setattr(type(phase), "rehearsal", lambda self, migration: "no twin: no room")
        phase[one].precheck()
    with pytest.raises(
        OutOfOrder, match="has not gone through apply, test and roll back"
    ) as caught:
        phase[one].apply()
    assert "one.precheck()" in caught.value.remedy
    # Proved, and then the rollback is edited: that is not what was proved.
    phase[one].precheck()
    path = project.folder / "rollback" / project.file(one).name
    path.write_text("drop table public.one cascade;\n")
    with pytest.raises(OutOfOrder, match="high risk"):
        phase[one].apply()
    phase[one].precheck()
    phase[one].apply()
    assert project.history() == [one]


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("", "there is no migrations/tests/"),
        (ROW.replace("1 affected", "2 affected"), "scenario, a row: 1 affected"),
    ],
)
def test_a_scenario_that_fails_on_the_twin_stops_a_high_risk(project, scenario, said):
    one = project.add(
        "one", ONE, tables=("public.one",), risk="high", scenario=scenario,
        rollback="drop table public.one;\n",
    )  # fmt: skip
    step = project.step(one)
    with pytest.raises(CheckFailed, match="precheck of one"):
        step.precheck()
    rows = next(e for e in project.events(one) if e.state == "failed").findings
    told = {row.check: (row.observed, row.verdict) for row in rows}
    assert told["Scenario on the twin"][0].startswith(said)
    assert told["Scenario on the twin"][1] == FAIL
    with pytest.raises(OutOfOrder):
        step.apply()


@pytest.mark.parametrize("risk", ["medium", "high"])
def test_a_skipped_step_fails_a_high_risk_only(project: Project, risk: str):
    project.sql("create table public.before (id int)")
    one = project.add(
        "one", ONE, tables=("public.one",), risk=risk, scenario=ROW,
        rollback="drop table public.one;\n",
    )  # fmt: skip
    step = project.applied(one)
    step.verify()
    (project.folder / "tests" / project.file(one).name).unlink()
    if risk == "medium":
        assert list(step.test()["verdict"]) == [SKIP, SKIP]
    else:
        with pytest.raises(CheckFailed, match="test of one"):
            step.test()
        rows = project.events(one)[-1].findings
        assert rows[0].observed.endswith("a high risk takes no SKIP")
