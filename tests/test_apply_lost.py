"""When the connection or the server is lost: the outcome is known, or said to be in doubt."""

from __future__ import annotations

import _thread
import os
import signal
import time
from pathlib import Path

import pytest
from runbook import embedded
from runbook.applying import outcome
from runbook.errors import InDoubt, NotApplied
from runbook.postgres import production_state
from sandbox import Background, Project, terminate, wait_for

pytest_plugins = ("engine_fixtures",)


def test_a_backend_that_is_killed_in_a_statement_leaves_nothing_and_says_so(project: Project):
    version = project.add("slow", "create table public.t (id int);\nselect pg_sleep(30);\n")
    before = project.fingerprint()
    work = Background(lambda: project.engine(version))
    terminate(project, "wait_event = 'PgSleep'")
    error = work.error()
    assert isinstance(error, NotApplied)
    assert "connection was lost" in error.what
    assert "rolled back" in error.state
    assert (project.fingerprint(), project.history()) == (before, [])


def test_a_transaction_that_had_not_begun_is_not_in_doubt(project: Project):
    version = project.add("small", "create table public.t (id int);\n", tables=("public.t",))
    assert outcome.settle(project.target, "", version) is False
    project.engine(version)
    xid = project.events(version)[-1].detail["xid"]
    assert outcome.settle(project.target, xid, version) is True
    # The row is the evidence: an id says nothing once a crash has handed it out again.
    assert outcome.settle(project.target, xid, "20990101000000") is False
    assert outcome.settle(project.target, "999999999", version) is True


@pytest.fixture
def alone(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on a server of its own, which may be maltreated."""
    home = tmp_path / "server"
    monkeypatch.setenv("RUNBOOK_HOME", str(home))
    made = Project(tmp_path / "alone", production_state.server(tmp_path), "alone")
    yield made
    production_state.release(tmp_path)
    embedded.reset(home)


def test_the_outcome_of_a_commit_is_known_however_the_connection_was_lost(alone: Project):
    """The answer to COMMIT is lost, or the server dies: it is asked until it knows."""
    ready = alone.add("ready", "select 1;\n")
    alone.engine(ready)
    cut = alone.add("cut", "create table public.t (id int);\n", tables=("public.t",))
    with alone.connect("supabase_admin") as admin:
        # COMMIT waits for a standby that does not exist, with its record written: killed there,
        # the transaction is committed, and the client is told nothing.
        for user in ("supabase_admin", "postgres"):
            admin.execute(f"alter role {user} set synchronous_commit = local")
        admin.execute("alter system set synchronous_standby_names = 'nobody'")
        admin.execute("alter role postgres in database alone set synchronous_commit = on")
        admin.execute("select pg_reload_conf()")
        work = Background(lambda: alone.engine(cut))
        terminate(alone, "wait_event = 'SyncRep'", user="supabase_admin")
        applied = work.result()

        # An interrupt at that very moment cannot take the commit back, and does not say it did.
        late = alone.add("late", "create table public.l (id int);\n", tables=("public.l",))
        presser = Background(lambda: _interrupt_when(alone, "wait_event = 'SyncRep'"))
        alone.engine(late)
        presser.result()
        admin.execute("alter system reset synchronous_standby_names")
        admin.execute("select pg_reload_conf()")
    assert applied.account is not None
    assert alone.history() == [ready, cut, late]
    assert [alone.states(version)[-1] for version in (cut, late)] == [("apply", "passed")] * 2

    # The server is killed in mid-statement: it comes back, and says that nothing remains.
    slow = alone.add("slow", "create table public.s (id int);\nselect pg_sleep(30);\n")
    before = alone.fingerprint()
    work = Background(lambda: alone.engine(slow))
    wait_for(alone, "wait_event = 'PgSleep'")
    pid = int((_data(alone) / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    error = work.error()
    assert isinstance(error, NotApplied), error
    assert alone.history() == [ready, cut, late]
    assert alone.fingerprint() == before
    alone.file(slow).write_text("create table public.s (id int);\n")
    alone.engine(slow)
    assert alone.history() == [ready, cut, late, slow]


def _interrupt_when(project: Project, condition: str) -> None:
    """What the Interrupt button does, as soon as the condition is true."""
    wait_for(project, condition, user="supabase_admin")
    _thread.interrupt_main()


def _data(project: Project) -> Path:
    return Path(project.sql("show data_directory")[0][0])


def test_a_server_that_does_not_come_back_leaves_the_outcome_in_doubt(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    version = project.add("slow", "select pg_sleep(30);\n")
    project.engine(project.add("ready", "select 1;\n"))
    monkeypatch.setattr(outcome, "_PATIENCE_S", 1)
    before = time.monotonic()
    work = Background(lambda: project.engine(version))
    wait_for(project, "wait_event = 'PgSleep'")
    with project.server_closed_to(project.database):
        terminate(project, "wait_event = 'PgSleep'", elsewhere=True)
        error = work.error()
    assert isinstance(error, InDoubt)
    assert error.exit_code == 5
    assert "pg_xact_status('" in error.remedy
    assert time.monotonic() - before < 20
    assert project.history()[-1:] != [version]
