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


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[embedded.Server]:
    """An embedded server of this test run's own; the workers of pytest-xdist share it."""
    # One folder per run, in a place that other system users can pass through: a run as root
    # would otherwise test only the server's way out of a closed folder.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    home = Path(tempfile.gettempdir()) / f"runbook-tests-{run}"
    with embedded.start(home) as started:
        yield started
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _forget(home)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the last worker: the controller of pytest-xdist deletes the shared folder."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or getattr(session.config, "workerinput", {})
    controller = session.config.pluginmanager.getplugin("dsession")
    if controller is not None and not run:
        _forget(Path(tempfile.gettempdir()) / f"runbook-tests-{controller.nodemanager.testrunuid}")


def _forget(home: Path) -> None:
    if home.exists():
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
