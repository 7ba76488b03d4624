"""Killed anywhere, a migration is applied or it is not, everybody agrees, and the next run ends it.

The everyday run kills some thirty times; `make crash-test` at every boundary of every statement.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import PROJECT
from crash import (
    COMMITTED,
    LAST,
    SAVING,
    SERVER,
    WRITTEN,
    fingerprint,
    finish,
    kill_at,
    kill_rollback,
    kill_within,
    places,
    require_agreement,
    sample,
)
from runbook import embedded, history, ledger, rollback
from runbook.applying.waiting import Limits
from runbook.ledger import Author
from runbook.plan import Migration
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.target import Target, open_target
from runbook.way_back import backup
from sandbox import Project

PLAN = read_plan(PROJECT)
SEED = 20261122


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A server of this module's own: it is killed here."""
    folder = Path(tempfile.mkdtemp(prefix="runbook-crash-"))
    folder.chmod(0o755)
    yield folder
    embedded.reset(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def target(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """An empty Supabase shape in a database of this test's own: all thirteen are pending."""
    monkeypatch.setenv("RUNBOOK_HOME", str(home))
    monkeypatch.delenv("RUNBOOK_RECORD", raising=False)
    name = f"crash_{time.monotonic_ns()}"
    embedded.database(production_state.server(PROJECT), name)
    yield open_target(f"embedded:{name}", PROJECT)
    embedded.drop(production_state.server(PROJECT), name)
    production_state.release(PROJECT)


def _kill(target: Target, migration: Migration, place: int | str, what: str = "engine") -> bool:
    """One kill, held against the truth; whether the migration is applied now."""
    before = fingerprint(target)
    seen = kill_at(target, migration, place, what)
    require_agreement(target, migration, before, seen)
    assert seen.applied == (place == COMMITTED), f"{migration.name}, killed at {place}"
    if what == "engine":
        assert seen.exit == -signal.SIGKILL
    return seen.applied


def test_the_engine_killed_at_statement_boundaries_of_every_migration(target: Target):
    chance = random.Random(SEED)
    for number, migration in enumerate(PLAN.everything):
        special = (LAST, WRITTEN, COMMITTED)[number % 3]
        for place in [*sample(chance, migration, 1), special]:
            if _kill(target, migration, place):
                break
        finish(target, migration)
    with target.connect() as conn:
        assert [r.version for r in history.read(conn)] == [m.version for m in PLAN.everything]
        assert [e.version for e in ledger.read(conn) if (e.stage, e.state) == ("apply", "passed")]\
            == [m.version for m in PLAN.everything]  # fmt: skip


def test_the_engine_killed_at_random_instants_around_the_commit(target: Target):
    chance = random.Random(SEED)
    for migration in PLAN.everything[:3]:
        before = fingerprint(target)
        seen = kill_within(target, migration, chance.uniform(0, 0.6))
        require_agreement(target, migration, before, seen)
        finish(target, migration)
        finish(target, migration)  # finds nothing to do


def test_the_server_killed_in_a_migration_and_at_its_commit(target: Target):
    for migration, place in zip(PLAN.everything, (7, WRITTEN), strict=False):
        before = fingerprint(target)
        seen = kill_at(target, migration, place, SERVER)
        require_agreement(target, migration, before, seen)
        # A backend may finish its COMMIT before it sees its postmaster gone; either way it knew.
        assert seen.exit == (0 if seen.applied else 4)
        finish(target, migration)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_engine_killed_at_every_boundary(target: Target):
    every = int(os.environ.get("RUNBOOK_CRASH_EVERY", "1"))
    kills = 0
    for migration in PLAN.everything:
        for place in [*places(migration)[:-3:every], LAST, WRITTEN, COMMITTED]:
            kills += 1
            _kill(target, migration, place)
        finish(target, migration)
    print(f"{kills} kills")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("what", ["engine", "server"])
def test_random_kills_go_on_until_everything_is_applied(target: Target, what: str):
    chance = random.Random(SEED)
    for migration in PLAN.everything:
        for _ in range(4):
            before = fingerprint(target)
            if what == "engine":
                seen = kill_within(target, migration, chance.uniform(0, 0.8))
            else:
                [place] = sample(chance, migration, 1)
                seen = kill_at(target, migration, place, SERVER)
            require_agreement(target, migration, before, seen)
            if seen.applied:
                break
        finish(target, migration)


@pytest.mark.parametrize("place", [SAVING, WRITTEN, COMMITTED])
def test_a_rollback_that_was_killed_left_the_rows_in_the_table_or_in_the_backup(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
):
    project = _project(home, tmp_path, monkeypatch)
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t values (1), (2)")
    migration, target, folder = project.migration(version), project.target, tmp_path / "saved"
    seen = kill_rollback(target, migration, place, folder)
    assert seen.exit == -signal.SIGKILL
    assert seen.applied == (place != COMMITTED)
    if seen.applied:
        assert project.value("select count(*) from public.t") == 2
        with target.connect() as conn:  # the next try is in nobody's way
            rollback.take_back(
                target, conn, migration, Author("r", "bob"), Limits(), folder=tmp_path / "again"
            )
        folder = tmp_path / "again"
    assert project.history() == []
    assert backup.read(folder).tables[0].rows == 2
    project.drop()
    production_state.release(tmp_path)


MIXED = """\
create table public.fresh (id int);
alter table public.fresh enable row level security;
create index concurrently big_n on public.big (n);
insert into public.fresh values (1);
create index concurrently big_m on public.big (m);
"""


def test_parts_that_were_killed_are_continued_and_none_runs_twice(home: Path, tmp_path: Path,
                                                                   monkeypatch):  # fmt: skip
    project = _project(home, tmp_path, monkeypatch)
    project.sql("create table public.big (n int, m int);"
                "insert into public.big select i, i from generate_series(1, 1000) i")  # fmt: skip
    version = project.add("mixed", MIXED, tables=("public.fresh",))
    migration, target = project.migration(version), project.target
    with target.connect() as conn:
        history.ensure(conn)
        ledger.ensure(conn)
    for place in (1, 2, 3, 4):  # parts
        seen = kill_at(target, migration, place)
        assert not seen.applied
    finish(target, migration)
    assert project.value("select count(*) from public.fresh") == 1
    assert project.sql("select indisvalid from pg_index where indrelid = 'public.big'::regclass")\
        == [(True,), (True,)]  # fmt: skip
    assert project.history() == [version]
    project.drop()
    production_state.release(tmp_path)


@pytest.mark.parametrize("who", ["papermill", "kernel"])
def test_a_headless_run_that_was_killed_is_finished_by_the_next(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
):
    project = _project(home, tmp_path, monkeypatch)
    slow = "create table public.one (id int);\nalter table public.one enable row level security;\n"
    version = project.add("one", f"{slow}select pg_sleep(3);\n", tables=("public.one",),
                          rollback="drop table public.one;\n")  # fmt: skip
    assert project.run("notebooks", target=False) == 0
    before = project.fingerprint()
    command = [sys.executable, "-m", "runbook", "run", "one", "--project", str(tmp_path),
               "--target", project.name, "--operator", "ada"]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    _until_asleep(project)
    kernels = [p for p in psutil.Process(running.pid).children(recursive=True)
               if any("kernel" in word for word in p.cmdline())]  # fmt: skip
    (running if who == "papermill" else kernels[-1]).kill()  # the first is what it was made from
    code = running.wait(timeout=60)
    assert code == (-signal.SIGKILL if who == "papermill" else 5)
    _until_gone(project)
    assert (project.history(), project.fingerprint()) == ([], before)
    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert project.history() == [version]
    outcomes = subprocess.run([*command[:3], "audit", "list", "--project", str(tmp_path)],
                              capture_output=True, text=True, check=True).stdout  # fmt: skip
    first = "interrupted" if who == "papermill" else "failed"
    assert [line.split()[0] for line in outcomes.splitlines()] == [first, "passed"]
    project.drop()
    production_state.release(tmp_path)


def _project(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("RUNBOOK_HOME", str(home))
    for variable in ("RUNBOOK_PROJECT", "RUNBOOK_TARGET", "RUNBOOK_RECORD", "RUNBOOK_RUN"):
        monkeypatch.delenv(variable, raising=False)
    return Project(folder, production_state.server(folder), f"crash_{time.monotonic_ns()}")


def _sleepers(project: Project) -> int:
    return project.value("select count(*) from pg_stat_activity where datname = current_database()"
                         " and pid <> pg_backend_pid() and query like 'select pg_sleep(3)%'"
                         " and state = 'active'")  # fmt: skip


def _until_asleep(project: Project) -> None:
    deadline = time.monotonic() + 60
    while not _sleepers(project):
        assert time.monotonic() < deadline, "the migration never got to its third statement"
        time.sleep(0.1)


def _until_gone(project: Project) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        left = project.value("select count(*) from pg_stat_activity where application_name ~"
                             " '^runbook ada' and datname = current_database()")  # fmt: skip
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError("a killed client's session lives on")
