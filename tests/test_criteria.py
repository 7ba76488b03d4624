"""A success criterion is as true as its evidence, and nothing else."""

from __future__ import annotations

from runbook import ledger
from runbook.checking import criteria
from runbook.findings import FAIL, PASS, SKIP, Finding
from runbook.in_hand import baseline
from runbook.ledger import Author
from runbook.plan import Criterion, Phase
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ADA = Author("run", "ada")


def _judged(project: Project, proof: str, **given) -> tuple[str, str]:
    plan = project.plan
    phase = plan.phases[0]
    asked = Phase(
        phase.id, phase.title, phase.notebook, phase.migrations, (Criterion("It is so", proof),)
    )
    with project.connect() as conn:
        (row,) = criteria.judge(conn, plan, asked, **given)
    assert (row.object, row.expected) == ("It is so", proof)
    return row.observed, row.verdict


def test_history_counts_what_is_applied_and_an_edit_fails_it(project: Project):
    a, b = project.add("a", "select 1;\n"), project.add("b", "select 2;\n")
    project.engine(a)
    assert _judged(project, "history") == ("1/2 applied", FAIL)
    project.engine(b)
    assert _judged(project, "history") == ("2/2 applied", PASS)
    project.file(b).write_text("select 3;\n")
    assert _judged(project, "history") == ("2/2 applied, 1 edited since", FAIL)


def test_verify_and_scenario_ask_the_last_event_that_still_counts(project: Project):
    a = project.add("a", "select 1;\n")
    passed = [Finding("Scenario", "the workflow runs", "ok", "ok", PASS)]
    failed = [Finding("Scenario", "the workflow runs", "ok", "error", FAIL)]

    def write(stage: str, state: str, rows: list[Finding]) -> None:
        with project.connect() as conn:
            ledger.record(conn, ADA, stage=stage, state=state, version=a, findings=rows)

    assert _judged(project, "verify")[1] == FAIL
    assert _judged(project, f"scenario:{a}") == ("its scenario has not run", FAIL)
    write("verify", "passed", passed)
    write("test", "failed", failed)
    assert _judged(project, "verify") == ("1/1 verified, 1 findings", PASS)
    assert _judged(project, f"scenario:{a}")[1] == FAIL
    write("test", "passed", passed)
    assert _judged(project, f"scenario:{a}/workflow") == ("1 of 1 steps as expected", PASS)
    assert _judged(project, f"scenario:{a}/nothing")[1] == FAIL
    write("rollback", "passed", [])
    assert _judged(project, "verify")[1] == FAIL
    assert _judged(project, f"scenario:{a}")[1] == FAIL


def test_baseline_and_validation_are_asked_for_their_own_rows(project: Project):
    project.add("a", "select 1;\n")
    assert _judged(project, "baseline")[1] == SKIP
    project.sql("create table public.t (id int); insert into public.t values (1)")
    with project.connect() as conn:
        baseline.write(conn, ADA, baseline.measure(conn))
    assert _judged(project, "baseline")[1] == PASS
    project.sql("delete from public.t")
    assert _judged(project, "baseline")[1] == FAIL
    rows = [Finding("No security gaps", "all", "none", "3 found", FAIL)]
    assert _judged(project, "validation:No security gaps", validation=rows) == ("3 found", FAIL)
    assert _judged(project, "validation:Other", validation=rows) == ("no such row", FAIL)
