"""The Supabase CLI and the runbook on one database: each takes what the other did.

With the real CLI: `npm install --prefix tests --no-save supabase`, or one on the PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import PROJECT
from from_npm import from_npm
from relay import by_tcp
from runbook import apply as engine
from runbook import embedded, history, ledger
from runbook.applying.waiting import Limits
from runbook.in_hand.opened import open_phase
from runbook.ledger import Author
from runbook.plan import Plan
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.target import open_target

HERE = Path(__file__).parent
FIRST, SECOND = "20251017080000", "20251017090000"


class Cli:
    """The CLI in a folder of its own, as somebody who knows nothing of the runbook uses it."""

    def __init__(self, program: str, folder: Path, url: str) -> None:
        self.program, self.folder, self.url = program, folder, url
        self.migrations = folder / "supabase" / "migrations"
        self.migrations.mkdir(parents=True)
        (folder / "supabase" / "config.toml").write_text('project_id = "eventos"\n')

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.program, *arguments, f"--remote={self.url}", "--workdir", str(self.folder),
             "--yes"],
            capture_output=True, text=True, check=False, timeout=120,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "DO_NOT_TRACK": "1",
                 "SUPABASE_TELEMETRY_DISABLED": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def applied(self) -> tuple[list[str], list[str]]:
        """The versions that its list shows locally and remotely."""
        listed = self("migration", "list").replace("`", "").splitlines()
        rows = [[cell.strip() for cell in line.split("|")] for line in listed]
        rows = [row for row in rows if len(row) == 3 and (row[0] or row[1]).isdigit()]
        return [row[0] for row in rows if row[0]], [row[1] for row in rows if row[1]]


@pytest.fixture
def database_name(server: embedded.Server, production: str, monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("RUNBOOK_HOME", str(server.home))
    name = f"cli_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.conninfo("template1", "supabase_admin"), autocommit=True) as conn:
        conn.execute(f"create database {name} template {production} owner postgres")
    yield name
    embedded.drop(server, name)
    production_state.release(PROJECT)


@pytest.fixture(scope="session")
def program() -> str:
    """The CLI's own."""
    return from_npm("supabase", "supabase")


@pytest.fixture
def cli(program: str, server: embedded.Server, database_name: str, tmp_path: Path) -> Iterator[Cli]:
    with by_tcp(server.socket_dir / f".s.PGSQL.{server.port}") as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{database_name}?sslmode=disable"
        yield Cli(program, tmp_path, url)


def _runbook_applies(plan: Plan, name: str, versions: list[str]) -> None:
    target = open_target(f"embedded:{name}", PROJECT)
    with target.connect() as conn:
        ledger.ensure(conn)
        for version in versions:
            migration = plan.migration(version)
            engine.apply(target, conn, migration, Author("run", "ada"), Limits())


def test_the_cli_and_the_runbook_take_turns_on_one_database(cli: Cli, database_name: str):
    plan = read_plan(PROJECT)
    everything = [m.version for m in plan.everything]
    half = [m.version for m in plan.migrations if m.version < SECOND]
    for file in (PROJECT / "migrations").glob("*_*.sql"):
        shutil.copy(file, cli.migrations)

    _runbook_applies(plan, database_name, half)
    assert cli.applied() == (everything, [plan.baseline[0].version, *half])
    said = cli("db", "push", "--dry-run")
    assert [v for v in everything if f"{v}_" in said] == [v for v in everything if v >= SECOND]

    cli("db", "push")
    target = open_target(f"embedded:{database_name}", PROJECT)
    with target.connect() as conn:
        there = history.classify(plan, history.read(conn))
    assert [row.version for row in there.applied] == everything
    assert (there.edited, there.pending, there.foreign) == ((), (), ())
    assert "up to date" in cli("db", "push", "--dry-run")

    # What the CLI applied is not run again; it is verified and tested all the same.
    step = open_phase("ai-features", target=f"embedded:{database_name}", project=PROJECT)[SECOND]
    step.precheck()
    assert "not by this runbook" in str(step.apply())
    assert "FAIL" not in str(step.verify()) + str(step.test())
    if plan.migration(SECOND).risk != "low":
        step.acknowledge()
    assert "Status:    Completed" in str(step.checkpoint())


def test_what_the_cli_repairs_and_fetches_is_what_the_runbook_wrote(
    cli: Cli, database_name: str, tmp_path: Path
):
    plan = read_plan(PROJECT)
    _runbook_applies(plan, database_name, [FIRST])
    cli("migration", "fetch")
    fetched = sorted(path.name for path in cli.migrations.glob("*.sql"))
    assert fetched == [m.path.name for m in (*plan.baseline, plan.migration(FIRST))]

    # The files that the CLI rebuilt from the history hold the SQL that was applied.
    copy = tmp_path / "copy"
    shutil.copytree(PROJECT / "migrations", copy / "migrations")
    for name in fetched:
        shutil.copy(cli.migrations / name, copy / "migrations")
    with open_target(f"embedded:{database_name}", PROJECT).connect() as conn:
        there = history.classify(read_plan(copy), history.read(conn))
        assert not there.edited
        assert there.holds(FIRST)

        cli("migration", "repair", "--status", "reverted", FIRST)
        assert not history.classify(plan, history.read(conn)).holds(FIRST)
        cli("migration", "repair", "--status", "applied", FIRST)
        there = history.classify(plan, history.read(conn))
        assert there.holds(FIRST)
        assert not there.edited
    assert cli.applied()[1] == [m.version for m in (*plan.baseline, plan.migration(FIRST))]
