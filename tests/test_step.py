"""The five stages: in order, once, resumable; what happened behind our back is seen."""

from __future__ import annotations

import _thread
import threading

import pytest
from runbook import ledger
from runbook.errors import CheckFailed, FileInvalid, InDoubt, NotApplied, OutOfOrder
from runbook.panel.steps import step_map
from runbook.panel.view import look
from sandbox import Project, until

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int primary key);\nalter table public.one enable row level security;\n"  # noqa: E501
TWO = ONE.replace("one", "two")
KEPT = "create table public.kept (id int primary key); insert into public.kept values (1)"


def test_a_cell_before_its_turn_is_refused_with_the_cell_to_run(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    two = project.add("two", TWO, tables=("public.two",))
    phase = project.open()
    first, second = phase[one], phase[two]
    before = project.everything()
    for stage, needed in (("apply", "precheck"), ("verify", "apply"), ("test", "verify")):
        with pytest.raises(OutOfOrder, match=f"{stage} of one comes after {needed}") as caught:
            getattr(first, stage)()
        assert f"one.{needed}()" in caught.value.remedy
        assert caught.value.exit_code == 2
    with pytest.raises(OutOfOrder, match="two comes after one, which is pending"):
        second.precheck()
    assert project.everything() == before

    first.precheck()
    first.apply()
    with pytest.raises(OutOfOrder, match="one cannot be closed: verify is not run") as caught:
        first.checkpoint()
    assert "one.verify()" in caught.value.remedy
    with pytest.raises(OutOfOrder, match="one is applied, and its checkpoint is missing") as caught:
        second.precheck()
    assert "one.checkpoint()" in caught.value.remedy
    assert project.history() == [one]


def test_a_cell_that_is_run_again_shows_the_recorded_result_and_changes_nothing(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    first = project.close(one, operator="ada")
    before = project.everything()
    shown = {stage: getattr(first, stage)() for stage in ("precheck", "apply", "verify", "test")}
    closed = first.checkpoint()
    again = project.step(one, operator="bob")  # another kernel, another operator
    for stage, table in shown.items():
        repeated = getattr(again, stage)()
        assert repeated.values.tolist() == table.values.tolist()
        assert "Recorded: ada" in repeated.note
        assert "Nothing was run now" in repeated.note
    assert again.checkpoint() == closed
    assert project.everything() == before


def test_a_file_that_was_edited_after_its_apply_is_flagged_and_never_run_again(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    step = project.applied(one)
    catalog = project.fingerprint()
    project.file(one).write_text(ONE + "create index on public.one (id);\n")
    with pytest.raises(OutOfOrder, match="the file was edited since"):
        step.verify()
    with pytest.raises(OutOfOrder, match="the file was edited since"):
        step.apply()
    with pytest.raises(CheckFailed, match="applied, and the file was edited since"):
        step.precheck()
    with pytest.raises(OutOfOrder, match="apply of one comes after precheck"):
        step.apply()
    assert project.fingerprint() == catalog
    assert [row.version for row in project.open().history().edited] == [one]
    # Layout and comments are no edit; the stages go on.
    project.file(one).write_text("-- why\n" + ONE.replace("(id int", "(\n  id int"))
    assert [row.version for row in project.open().history().edited] == []
    for remark in ("", "-- and another\n"):  # before it was closed, and after
        project.file(one).write_text(project.file(one).read_text() + remark)
        project.close(one)
        with project.connect() as conn:
            steps = step_map(project.plan.migration(one), ledger.read(conn, one), held=True)
        assert (steps["apply"], steps.next) == ("passed", "")
    assert project.step(one).entry().status == "Completed"
    assert project.fingerprint() == catalog


def test_a_mended_file_goes_on_in_the_same_kernel_after_precheck_and_apply_failed(project: Project):
    project.sql(KEPT)
    one = project.add("one", ONE.replace("public.one", "nowhere.one"), tables=("nowhere.one",))
    step = project.step(one)
    with pytest.raises(CheckFailed, match="precheck of one") as caught:
        step.precheck()
    assert "Nothing was applied" in caught.value.state
    with pytest.raises(OutOfOrder):
        step.apply()
    project.file(one).write_text("create table public.one (id int;\n")
    with pytest.raises(FileInvalid, match="syntax error"):
        step.precheck()

    # Parses, runs on an empty copy of the schema, and fails on the rows of the target.
    project.file(one).write_text("insert into public.kept values (1);\n")
    project.plan_text(project.plan_read().replace("nowhere.one", ""))
    project.plan_text(project.plan_read().replace("['']", "[]"))
    step = project.step(one)
    step.precheck()
    with pytest.raises(NotApplied, match="duplicate key"):
        step.apply()
    project.file(one).write_text("insert into public.kept values (2);\n")
    with pytest.raises(OutOfOrder, match="edited since"):
        step.apply()
    step.precheck()
    step.apply()
    assert project.history() == [one]
    assert project.value("select count(*) from public.kept") == 2
    issues = [issue.split(":")[0] for issue in step.entry().issues]
    assert issues == ["precheck failed", "apply failed"]
    assert step.entry().status == "Applied"


def test_an_interrupted_apply_is_rolled_back_and_says_so(project: Project):
    project.sql(KEPT)
    text = ONE + "select pg_sleep(60) from public.kept;\n"
    one = project.add("one", text, tables=("public.one",))
    step = project.step(one)
    step.precheck()
    before = project.fingerprint()

    def press_the_button() -> None:
        with project.connect() as conn:
            until(
                lambda: (
                    conn.execute(
                        "select from pg_stat_activity where wait_event = 'PgSleep'"
                        " and datname = current_database()"
                    ).fetchone()
                    is not None
                )
            )
        _thread.interrupt_main()  # a SIGINT, as the kernel gets it

    presser = threading.Thread(target=press_the_button)
    presser.start()
    with pytest.raises(NotApplied, match="apply of one was interrupted") as caught:
        step.apply()
    presser.join()
    assert "rolled back: nothing remains" in caught.value.state
    assert (project.fingerprint(), project.history()) == (before, [])
    assert project.states(one)[-1] == ("apply", "failed")
    # Nothing is to be mended: what is next is the cell that was stopped.
    assert [str(issue) for issue in step.entry().issues] == ["apply was interrupted"]
    phase = project.open()
    view = look(phase, phase.conn)
    assert (view.next, view.why) == ("one.apply()", "it was interrupted: run its cell again")
    assert project.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == 0


def test_a_history_row_that_vanished_leaves_the_migration_in_doubt(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    step = project.applied(one)
    project.sql("delete from supabase_migrations.schema_migrations")
    before = project.everything()
    for stage in (step.precheck, step.apply, step.verify, step.test):
        with pytest.raises(InDoubt, match=f"says that {one} was applied by ada") as caught:
            stage()
    assert caught.value.exit_code == 5
    assert project.everything() == before


def test_what_another_tool_applied_is_adopted_and_not_run_again(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    two = project.add("two", TWO, tables=("public.two",))
    project.connect().close()
    with project.connect() as conn:
        from runbook import history

        history.ensure(conn)
        conn.execute(ONE)
        history.insert(conn, project.migration(one))
    catalog = project.fingerprint()
    step = project.close(one)
    assert project.fingerprint() == catalog
    assert ("apply", "done") in project.states(one)
    assert step.entry().status == "Completed"
    project.close(two)  # and the next one may follow
    assert project.history() == [one, two]


def test_mode_check_changes_nothing_at_all(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    project.connect().close()
    before = project.everything()
    schemas = "select nspname from pg_namespace where nspname in ('runbook')"
    phase = project.open(mode="check")
    step = phase[one]
    step.precheck()
    for stage in ("apply", "verify", "test"):
        assert set(getattr(step, stage)()["verdict"]) == {"SKIP"}
    step.checkpoint()
    phase.overview()
    phase.token()
    phase.log()
    phase.criteria()
    assert project.everything() == before
    assert project.sql(schemas) == []


def test_a_note_is_an_event_and_shows_in_the_log(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    step = project.applied(one)
    step.note("The index took long; password=hunter2hunter2")
    assert "The index took long" in str(project.open().log())
    assert "hunter2" not in str([event.detail for event in project.events()])


def test_a_connection_that_was_lost_between_two_cells_is_made_again(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    phase = project.open()
    step = phase[one]
    step.precheck()
    project.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'runbook ada'"
    )
    step.apply()
    assert project.history() == [one]


def test_a_plan_edited_between_two_cells_counts_from_the_next_one(project: Project):
    one = project.add("one", "create schema one;\n")
    phase = project.open()
    step = phase[one]
    project.plan_text(project.plan_read().replace('risk = "low"', 'risk = "high"'))
    assert (phase[one]._migration.risk, step._migration.risk) == ("high", "low")
    project.file(one).write_text("create schema another;\n")
    assert "another" in phase[one]._migration.script.text
