"""Fixtures on a real server: one for the whole run, a fresh database for each test that asks."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from runbook import embedded
from runbook.plain.platform import PLAIN_HOME
from runbook.postgres import production_state

# Tests import from the modules that their fixtures are in; pytest has to know these before.
pytest.register_assert_rewrite("engine_fixtures", "mcp_fixtures")

PROJECT = Path(__file__).parents[1]


def _home(run: str) -> Path:
    # Not pytest's temporary folder: no other user can pass through that, so a run as root would
    # test nothing but the server's way out of a closed folder.
    return Path(tempfile.gettempdir()) / f"runbook-tests-{run}"


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """An embedded server of this test run's own; the workers of pytest-xdist share it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    home = _home(run or str(os.getpid()))
    with embedded.start(home) as started:
        _hurry(started)
        yield started
    if run is None:
        _forget(home)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The controller of pytest-xdist deletes the shared folder when all workers have ended."""
    nodes = getattr(session.config.pluginmanager.getplugin("dsession"), "nodemanager", None)
    if nodes is not None:
        _forget(_home(nodes.testrunuid))


def _hurry(server: embedded.Server) -> None:
    """Do not wait for the disk: no test pulls the plug of the machine."""
    admin = server.conninfo("template1", "supabase_admin")
    with psycopg.connect(admin, autocommit=True) as conn:
        # One worker at a time: they would overwrite each other's file.
        conn.execute("select pg_advisory_lock(1)")
        conn.execute("alter system set fsync = off")
        conn.execute("select pg_reload_conf()")


def _forget(home: Path) -> None:
    if home.exists():
        if (plain := home / PLAIN_HOME).exists():
            _forget(plain)
        embedded.reset(home)
        for lock in home.glob("*.lock"):
            lock.unlink()
        home.rmdir()


@pytest.fixture
def database(server: embedded.Server) -> Iterator[str]:
    """The conninfo, as `postgres`, of a fresh database of the Supabase shape."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield embedded.database(server, name)
    embedded.drop(server, name)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """An autocommit connection, as `postgres`, to a fresh database of the Supabase shape."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def production(server: embedded.Server) -> str:
    """The name of a database in EventOS's production state: for looking at, never for writing."""
    embedded.database(
        server, "production", prepare=lambda conn: production_state.load(conn, PROJECT)
    )
    return "production"


@pytest.fixture
def eventos(server: embedded.Server, production: str) -> Iterator[str]:
    """The conninfo of a fresh copy of EventOS in its production state: baseline and seed."""
    name = f"eventos_{uuid.uuid4().hex[:12]}"
    admin = server.conninfo("template1", "supabase_admin")
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(f"create database {name} template {production} owner postgres")
    yield server.conninfo(name)
    embedded.drop(server, name)
