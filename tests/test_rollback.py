"""The way back: proved against the catalog of before, refused where it would break something."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
import pytest
from runbook import ledger, rollback
from runbook.applying import outcome
from runbook.applying.waiting import Limits, Progress
from runbook.errors import CheckFailed, InDoubt, StatementFailed
from runbook.in_hand.desk import open_rollback
from runbook.ledger import Author
from runbook.way_back import backup
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int primary key);\n"
TWO = "create table public.two (id int primary key, one int references public.one);\n"


def _two(project: Project, **rollbacks: str) -> tuple[str, str]:
    one = project.add(
        "one",
        ONE,
        tables=("public.one",),
        rollback=rollbacks.get("one", "drop table public.one;\n"),
    )
    two = project.add(
        "two",
        TWO,
        tables=("public.two",),
        requires=(one,),
        rollback=rollbacks.get("two", "drop table public.two;\n"),
    )
    project.engine(one)
    project.engine(two)
    return one, two


def _open(project: Project, *versions: str):
    return open_rollback(
        target=project.name, versions=" ".join(versions), operator="bob", project=str(project.root)
    )


def test_the_last_one_goes_and_comes_back_and_the_ledger_keeps_it_all(project: Project):
    one, two = _two(project)
    before = project.events(two)[-1].detail["before"]
    desk = _open(project)
    assert [m.version for m in desk.migrations] == [two]
    assert project.history() == [one, two]  # opening and looking change nothing
    table = desk.apply()
    assert "identical" in list(table["observed"])
    assert (project.fingerprint(), project.history()) == (before, [one])
    assert project.states(two) == [("apply", "passed"), ("rollback", "passed")]
    project.engine(two)
    assert project.history() == [one, two]
    assert [s for s, _ in project.states(two)] == ["apply", "rollback", "apply"]


def test_several_go_the_latest_first(project: Project):
    one, two = _two(project)
    before = project.events(one)[0].detail["before"]
    _open(project, one, two).apply()
    assert (project.fingerprint(), project.history()) == (before, [])
    assert [e.version for e in project.events() if e.stage == "rollback"] == [two, one]


def test_one_that_a_later_one_requires_is_refused(project: Project):
    one, two = _two(project)
    before = project.everything()
    with pytest.raises(CheckFailed, match="is applied and would lose its ground") as caught:
        _open(project, one).apply()
    assert f"{two}_two" in caught.value.what
    assert project.everything() == before


def test_the_rows_that_would_go_are_counted_first(project: Project):
    _one, _ = _two(project)
    project.sql("insert into public.one values (1), (2); insert into public.two values (1, 1)")
    table = _open(project).preview()
    rows = table[table["check"] == "Rows"].values.tolist()
    assert rows == [["Rows", "public.two", "none lost", "1 row would be lost; saved first", "WARN"]]


def test_the_objects_that_go_are_seen_on_a_twin(project: Project):
    _two(project, two="drop table public.two;\ncreate table public.three ();\n")
    before = project.everything()
    table = _open(project).preview()
    rows = table[table["check"] == "Goes"][["object", "observed"]].values.tolist()
    seen = dict(rows)
    assert seen["table public.two"].startswith("goes, with 2 columns, ")
    assert "constraints" in seen["table public.two"]
    assert seen["table public.three"] == "added"
    assert project.everything() == before


def test_a_rollback_file_that_leaves_something_behind_is_rolled_back(project: Project):
    _, two = _two(project, two="alter table public.two rename to leftover;\n")
    catalog, history = project.fingerprint(), project.history()
    with pytest.raises(CheckFailed, match="the catalog is not what it was before two") as caught:
        _open(project).apply()
    assert "two is still applied" in caught.value.state
    assert (project.fingerprint(), project.history()) == (catalog, history)
    assert project.states(two)[-1] == ("rollback", "failed")


def test_a_rollback_file_that_fails_is_found_on_the_twin_before_anything_is_touched(
    project: Project,
):
    _two(project, two="select 1;\n  drop table public.tow;\n")
    before = project.everything()
    with pytest.raises(CheckFailed, match="findings say FAIL"):
        _open(project).preview()
    assert project.everything() == before


def test_a_rollback_file_that_fails_on_the_rows_is_shown_with_its_own_line(project: Project):
    body = "do $$ begin if exists (select from public.two) then raise 'rows'; end if; end $$"
    _, two = _two(project, two=f"select 1;\n  {body};\ndrop table public.two;\n")
    project.sql("insert into public.one values (1); insert into public.two values (1, 1)")
    catalog = project.fingerprint()
    with pytest.raises(StatementFailed) as caught:
        _open(project).apply()
    lines = caught.value.what.splitlines()
    assert lines[0].startswith(f"migrations/rollback/{two}_two.sql, line 2: rows")
    assert lines[1].startswith(f"migrations/rollback/{two}_two.sql:2:")
    assert "two is still applied" in caught.value.state
    assert project.fingerprint() == catalog


def test_a_deferred_constraint_stops_a_rollback_in_words(project: Project):
    project.sql("create table public.p (id int primary key)")
    project.sql(
        "create table public.c (p int references public.p deferrable initially deferred);"
        " insert into public.p values (1); insert into public.c values (1)"
    )
    version = project.add("x", "select 1;\n", rollback="delete from public.p;\n")
    project.engine(version)
    with pytest.raises(StatementFailed, match=r"before the commit: .*SQLSTATE 23503"):
        _open(project).apply()
    assert project.history() == [version]


def test_a_missing_file_and_a_pending_migration_stand_in_the_way(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    two = project.add("two", TWO, tables=("public.two",), rollback="drop table public.two;\n")
    project.engine(one)
    with pytest.raises(CheckFailed, match="Rollback file"):
        _open(project, one).apply()
    with pytest.raises(CheckFailed, match=r"History.*pending"):
        _open(project, two).apply()
    assert project.history() == [one]


def test_what_somebody_changed_since_keeps_the_catalog_from_being_as_before(project: Project):
    _, two = _two(project)
    project.sql("create table public.by_hand (id int)")
    with pytest.raises(CheckFailed, match="not what it was before"):
        _open(project).apply()
    assert two in project.history()


def test_a_settings_change_in_a_rollback_file_does_not_reach_the_next(project: Project):
    _, two = _two(
        project, two="set role anon;\nreset role;\nset search_path = '';\ndrop table public.two;\n"
    )
    target = project.target
    with target.connect() as conn:
        rollback.take_back(
            target, conn, project.migration(two), Author("r", "ada"), Limits(),
            folder=project.root / "saved",
        )  # fmt: skip
        assert conn.execute("show search_path").fetchone() != ("",)


def test_when_the_second_of_two_fails_the_error_says_that_the_first_is_gone(project: Project):
    one, two = _two(
        project,
        one="do $$ begin if exists (select from public.one) then raise 'rows'; end if; end $$;\n"
        "drop table public.one;\n",
    )
    project.sql("insert into public.one values (1)")
    with pytest.raises(StatementFailed, match="rows") as caught:
        _open(project, one, two).apply()
    assert "one is still applied" in caught.value.state
    assert "Taken back before it, and for good: two." in caught.value.state
    assert project.history() == [one]


def test_a_rollback_whose_commit_nobody_can_confirm_is_in_doubt(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    _, two = _two(project)
    project.sql("insert into public.one values (1); insert into public.two values (1, 1)")
    monkeypatch.setattr(outcome, "_PATIENCE_S", 1)
    append, folder, closed = ledger.append, project.root / "saved", ExitStack()

    def then_the_server_is_gone(conn, *given, **event):
        made = append(conn, *given, **event)
        if (event["stage"], event["state"]) == ("rollback", "passed"):
            closed.enter_context(project.server_closed_to(project.database))
            admin = project.server.conninfo("template1", "supabase_admin")
            with psycopg.connect(admin, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        return made

    target = project.target
    with closed, target.connect() as conn:
        monkeypatch.setattr(ledger, "append", then_the_server_is_gone)
        with pytest.raises(InDoubt, match="being committed") as caught:
            rollback.take_back(
                target, conn, project.migration(two), Author("r", "ada"), Limits(), folder=folder
            )
    assert "select pg_xact_status('" in caught.value.remedy
    assert caught.value.exit_code == 5
    assert backup.read(folder).tables[0].rows == 1  # kept, as nobody knows


def test_nobody_writes_into_a_table_that_goes_though_it_was_empty(project: Project):
    _, two = _two(project, two="select 1;\ndrop table public.two;\n")
    project.sql("insert into public.one values (1)")
    tried: list[str] = []

    def write(progress: Progress) -> None:
        if progress.number != 1:
            return
        tried.append("trial")
        if len(tried) > 1:  # the file runs in earnest
            with pytest.raises(psycopg.errors.LockNotAvailable):
                project.sql("set lock_timeout = 50; insert into public.two values (1, 1)")

    target = project.target
    with target.connect() as conn:
        rollback.take_back(
            target, conn, project.migration(two), Author("r", "ada"), Limits(), write,
            folder=project.root / "saved",
        )  # fmt: skip
    assert len(tried) == 2
