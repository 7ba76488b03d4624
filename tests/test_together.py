"""Eight at once: each migration is applied by exactly one of them, and nobody deadlocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crash import fork, wait
from runbook import stages
from runbook.applying import lock
from runbook.errors import Held
from runbook.in_hand.opened import open_phase
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

RLS = "alter table public.{0} enable row level security;\n"
TABLE = "create table public.{0} (id int primary key);\n" + RLS


def _pending(project: Project) -> list[str]:
    """Four migrations; one of them builds its indexes concurrently."""
    project.sql("create table public.big (n int); insert into public.big"
                " select generate_series(1, 20000)")  # fmt: skip
    return [
        project.add("one", TABLE.format("one"), tables=("public.one",)),
        project.add("two", "select pg_sleep(0.3);\n" + TABLE.format("two"), tables=("public.two",)),
        project.add("index", "create index concurrently big_n on public.big (n);\n"),
        project.add("three", TABLE.format("three"), tables=("public.three",)),
    ]


def _runner(project: Project, number: int, waited: Path) -> Callable[[], None]:
    def run() -> None:
        phase = open_phase("one", target=project.name, operator=f"op{number}",
                           project=project.root)  # fmt: skip

        def say(holder: str) -> None:
            with waited.open("a") as file:
                file.write(f"op{number} waits for {holder}\n")

        phase.waiting = say  # type: ignore[method-assign]
        for migration in phase.definition.migrations:
            stages.apply(phase, migration)

    return run


def test_eight_runners_apply_each_migration_once_and_the_others_say_whom_they_wait_for(
    project: Project, tmp_path: Path
):
    versions, waited = _pending(project), tmp_path / "waited"
    children = [fork(_runner(project, number, waited)) for number in range(8)]
    assert [wait(child) for child in children] == [0] * 8
    assert project.history() == versions
    passed = [e for e in project.events() if (e.stage, e.state) == ("apply", "passed")]
    assert [e.version for e in passed] == versions
    assert len({e.detail.get("xid") for e in passed if e.detail.get("xid")}) == 3
    said = waited.read_text().splitlines()
    assert len({line.split()[0] for line in said}) >= 2
    assert all("waits for runbook op" in line and "(pid " in line for line in said)
    [(valid,)] = project.sql("select indisvalid from pg_index where indrelid = 'big'::regclass")
    assert valid


def test_a_holder_that_was_killed_does_not_block(project: Project):
    target = project.target
    target.connect().close()
    reader, writer = os.pipe()

    def holder() -> None:
        with lock.hold(target, "doomed"):
            os.write(writer, b".")
            time.sleep(60)

    child = fork(holder)
    os.read(reader, 1)
    said: list[str] = []
    with suppress(Held), lock.hold(target, "bob", wait_s=0.3, on_wait=said.append):
        raise AssertionError("two hold the lock")
    assert "runbook doomed: lock" in said[0]
    os.kill(child, signal.SIGKILL)
    wait(child)
    with lock.hold(target, "bob", wait_s=10):
        pass


def test_two_headless_runs_started_together_both_end_well(project: Project):
    one = project.add("one", TABLE.format("one"), tables=("public.one",),
                      rollback="drop table public.one;\n")  # fmt: skip
    two = project.add("two", "select pg_sleep(1);\n" + TABLE.format("two"), tables=("public.two",),
                      rollback="drop table public.two;\n")  # fmt: skip
    assert project.run("notebooks", target=False) == 0
    project.target.connect().close()
    command = [sys.executable, "-m", "runbook", "run", "one", "--project", str(project.root),
               "--target", project.name]  # fmt: skip
    both = [
        subprocess.Popen([*command, "--operator", name], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
        for name in ("ada", "bob")
    ]  # fmt: skip
    said = [running.communicate(timeout=200)[0] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert project.history() == [one, two]
    passed = [e.version for e in project.events() if (e.stage, e.state) == ("apply", "passed")]
    assert passed == [one, two]
