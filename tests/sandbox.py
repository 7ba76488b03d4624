"""A project on disk with a database of its own, small enough to make one per test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from runbook import apply as engine
from runbook import catalog, embedded, history, ledger
from runbook.apply import Applied
from runbook.applying.parts import apply_in_parts
from runbook.applying.waiting import Limits, Report
from runbook.cli import main
from runbook.in_hand.opened import OpenPhase, open_phase
from runbook.ledger import Author
from runbook.plan import Migration, Plan
from runbook.plan_file import read_plan
from runbook.step import Step
from runbook.target import Target, open_target


class Project:
    """migrations/ in a temporary folder; the target is a database that only this test uses."""

    def __init__(self, root: Path, server: embedded.Server, database: str) -> None:
        self.root, self.server, self.database = root, server, database
        self.name = f"embedded:{database}"
        self._entries: list[str] = []
        self._phases: list[str] = []
        self.folder = root / "migrations"
        for folder in ("rollback", "tests"):
            (self.folder / folder).mkdir(parents=True)
        (root / "notebooks").mkdir()
        self.plan_text('project = "Test"\n')

    def add(
        self,
        name: str,
        sql: str | bytes,
        *,
        phase: str = "one",
        rollback: str = "",
        scenario: str = "",
        tables: tuple[str, ...] = (),
        requires: tuple[str, ...] = (),
        may_lose: tuple[str, ...] = (),
        risk: str = "low",
        transaction: str = "one",
    ) -> str:
        """Write a migration, its companions and its entry in the plan; its version."""
        version = f"{20260101000000 + len(self._entries) + 1}"
        self.write(f"{version}_{name}.sql", sql)
        for kind, text in (("rollback", rollback), ("tests", scenario)):
            if text:
                self.write(f"{kind}/{version}_{name}.sql", text)
        head = ""
        if phase not in self._phases:
            self._phases.append(phase)
            number = len(self._phases)
            head = (
                f'\n[[phase]]\nid = "{phase}"\ntitle = "Phase {phase}"\n'
                f'notebook = "0{number}_{phase}.ipynb"\n'
            )
        self._entries.append(
            f'{head}\n  [[phase.migration]]\n  version = "{version}"\n  risk = "{risk}"\n'
            f'  why = "A test"\n  tables = {_list(tables)}\n  requires = {_list(requires)}\n'
            f"  may_lose = {_list(may_lose)}\n"
            + (f'  transaction = "{transaction}"\n' if transaction != "one" else "")
        )
        self.plan_text('project = "Test"\n' + "".join(self._entries))
        return version

    def write(self, name: str, content: str | bytes) -> Path:
        """A file below migrations/."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def file(self, version: str) -> Path:
        """The migration's file."""
        return next(self.folder.glob(f"{version}_*.sql"))

    def plan_text(self, text: str) -> None:
        self.write("plan.toml", text)

    def plan_read(self) -> str:
        return (self.folder / "plan.toml").read_text()

    @property
    def plan(self) -> Plan:
        return read_plan(self.root)

    def migration(self, version: str) -> Migration:
        return self.plan.migration(version)

    @property
    def target(self) -> Target:
        return open_target(self.name, self.root)

    def open(self, phase: str = "one", **given: Any) -> OpenPhase:
        """The phase as a notebook's cell opens it; in a fresh kernel, so to speak."""
        given = {"target": self.name, "operator": "ada", "lock_timeout_ms": 200, **given}
        return open_phase(phase, project=self.root, **given)

    def step(self, version: str, phase: str = "one", **given: Any) -> Step:
        return self.open(phase, **given)[version]

    def applied(self, version: str, phase: str = "one", **given: Any) -> Step:
        """The migration taken through precheck and apply."""
        step = self.step(version, phase, **given)
        step.precheck()
        step.apply()
        return step

    def close(self, version: str, phase: str = "one", **given: Any) -> Step:
        """The migration taken through all five stages."""
        step = self.applied(version, phase, **given)
        step.verify()
        step.test()
        if self.migration(version).risk != "low":
            step.acknowledge()
        step.checkpoint()
        return step

    def engine(
        self,
        version: str,
        limits: Limits = Limits(lock_timeout_ms=200, retries=2),  # noqa: B008 - frozen
        report: Report = lambda progress: None,
        run: str = "run",
    ) -> Applied:
        """The engine alone, as stages.apply calls it: no precheck, no lock."""
        target, migration = self.target, self.migration(version)
        with target.connect(purpose="engine") as conn:
            history.ensure(conn)
            ledger.ensure(conn)
            apply = engine.apply if migration.script.transactional else apply_in_parts
            return apply(target, conn, migration, Author(run, "ada"), limits, report)

    def connect(self, user: str = "postgres", *, elsewhere: str = "") -> psycopg.Connection:
        """A session of somebody else's, in autocommit mode."""
        if not elsewhere:
            self.target.connect().close()  # makes the database on the first call
        conninfo = self.server.conninfo(elsewhere or self.database, user)
        return psycopg.connect(conninfo, autocommit=True, application_name="a colleague")

    @contextmanager
    def server_closed_to(self, database: str) -> Iterator[None]:
        """Nobody may connect to the database; sessions that are there stay."""
        admin = self.server.conninfo("template1", "supabase_admin")
        with psycopg.connect(admin, autocommit=True) as conn:
            conn.execute(f"alter database {database} allow_connections false")
            try:
                yield
            finally:
                conn.execute(f"alter database {database} allow_connections true")

    def sql(self, text: str, *parameters: Any) -> list[Any]:
        """Run SQL as a colleague would, and fetch what it returns."""
        with self.connect() as conn:
            done = conn.execute(text, parameters or None)
            return done.fetchall() if done.description else []

    def value(self, text: str) -> Any:
        return self.sql(text)[0][0]

    def fingerprint(self) -> str:
        with self.connect() as conn:
            return catalog.fingerprint(catalog.snapshot(conn))

    def history(self) -> list[str]:
        """The applied versions."""
        with self.connect() as conn:
            return [row.version for row in history.read(conn)]

    def events(self, version: str | None = None) -> list[ledger.Event]:
        with self.connect() as conn:
            return ledger.read(conn, version)

    def states(self, version: str | None = None) -> list[tuple[str, str]]:
        """The events as (stage, state)."""
        return [(event.stage, event.state) for event in self.events(version)]

    def everything(self) -> tuple[Any, ...]:
        """All that a refusal must leave alone: catalog, history, ledger, schemas."""
        schemas = self.sql("select nspname from pg_namespace where nspname !~ '^pg_' order by 1")
        return self.fingerprint(), self.history(), len(self.events()), schemas

    def run(self, *arguments: str, target: bool = True) -> int:
        """The command line, in this process; its exit code."""
        named = ["--target", self.name] if target else []
        try:
            return main([*arguments, "--project", str(self.root), *named])
        except SystemExit as error:  # argparse
            return int(error.code or 0)

    def drop(self) -> None:
        embedded.drop(self.server, self.database)


class Background(threading.Thread):
    """A call in a thread of its own; result() gives its value or raises its error."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._call, self._value, self._error = call, None, None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error

    def result(self, timeout_s: float = 60) -> Any:
        self.join(timeout_s)
        assert not self.is_alive(), "it did not come back"
        if self._error:
            raise self._error
        return self._value

    def error(self, timeout_s: float = 60) -> BaseException | None:
        self.join(timeout_s)
        assert not self.is_alive(), "it did not come back"
        return self._error


def until(happened: Callable[[], Any], *, seconds: float = 20) -> Any:
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def _list(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def terminate(
    project: Project, condition: str, *, user: str = "postgres", elsewhere: bool = False
) -> None:
    """End the session of this project's database for which the condition becomes true."""
    question = (
        f"select pg_terminate_backend(pid) from pg_stat_activity where {condition}"
        f" and datname = '{project.database}' and pid <> pg_backend_pid()"
    )
    with project.connect(user, elsewhere="template1" if elsewhere else "") as conn:
        until(lambda: conn.execute(question).fetchone())


def wait_for(project: Project, condition: str, *, user: str = "postgres") -> None:
    question = f"select from pg_stat_activity where {condition} and datname = '{project.database}'"
    with project.connect(user) as conn:
        until(lambda: conn.execute(question).fetchone() is not None)
