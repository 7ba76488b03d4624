"""Fixtures of the engine's tests: `pytest_plugins = ("engine_fixtures",)` asks for them."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook import embedded
from runbook.notebooks import write_notebooks
from runbook.postgres import production_state
from sandbox import Project
from tenants import NOTES, Tenants


@pytest.fixture
def project(
    tmp_path: Path, server: embedded.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """An empty project on the test run's server."""
    monkeypatch.setenv("RUNBOOK_HOME", str(server.home))
    for variable in ("RUNBOOK_PROJECT", "RUNBOOK_TARGET", "RUNBOOK_RECORD", "RUNBOOK_RUN"):
        monkeypatch.delenv(variable, raising=False)
    broken_pipe = signal.getsignal(signal.SIGPIPE)
    made = Project(tmp_path, server, f"test_{uuid.uuid4().hex[:12]}")
    yield made
    signal.signal(signal.SIGPIPE, broken_pipe)  # the command line sets it for its own process
    made.drop()
    production_state.release(tmp_path)


@pytest.fixture
def tenants(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenants]:
    """Databases that are alike, as a fleet's targets; none is made yet."""
    project.add("notes", NOTES, tables=("public.notes",), may_lose=("public.visits",))
    write_notebooks(project.plan, project.root / "notebooks")
    made = Tenants(project, monkeypatch)
    yield made
    for name in made.names:
        embedded.drop(project.server, name)
