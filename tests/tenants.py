"""Databases that are alike, and `runbook fleet` on them; engine_fixtures has the fixture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from runbook import record
from sandbox import Project

TENANT = (
    "create table public.visits (id int primary key, n int);\ninsert into visits values (1, 0);\n"
)
NOTES = (
    "create table public.notes (id int primary key);\n"
    "alter table public.notes enable row level security;\n"
    "update public.visits set n = n + 1;\n"
)


class Tenants:
    """Databases that are alike, as targets that only variables name."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.names = project, []
        self.monkeypatch, self.stem = monkeypatch, f"tenant_{uuid.uuid4().hex[:8]}"
        project.connect().close()
        with psycopg.connect(self._in(project.database), autocommit=True) as conn:
            conn.execute(TENANT)

    def _in(self, name: str) -> str:
        return self.project.server.conninfo(name)

    def make(self, count: int, *, protected: bool = True) -> list[str]:
        """So many targets, written into targets.toml."""
        admin = self.project.server.conninfo("template1", "supabase_admin")
        with psycopg.connect(admin, autocommit=True) as conn:
            for number in range(count):
                name = f"{self.stem}_{number}"
                template = self.project.database
                conn.execute(f"create database {name} template {template} owner postgres")
                self.names.append(name)
                self.monkeypatch.setenv(name.upper(), self._in(name))
        self.targets = [f"env:{n.upper()}" if protected else f"embedded:{n}" for n in self.names]
        return self.targets

    def write(self, **settings: object) -> Path:
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        server = f'[[server]]\nname = "one"\ntargets = {json.dumps(self.targets)}\n'
        path = self.project.root / "targets.toml"
        path.write_text("".join(lines) + server)
        return path

    def sql(self, number: int, text: str) -> list[tuple]:
        with psycopg.connect(self._in(self.names[number]), autocommit=True) as conn:
            done = conn.execute(text)
            return done.fetchall() if done.description else []

    def applied(self) -> list[int]:
        """How often the migration ran in each tenant."""
        return [self.sql(number, "select n from visits")[0][0] for number in range(len(self.names))]


def fleet(
    project: Project, *arguments: str, command: str = "run", more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`runbook fleet …` on the project's only phase, in a process of its own."""
    root = project.root
    words = [sys.executable, "-m", "runbook", "fleet", command, *arguments, "--project", str(root),
             "--targets", str(root / "targets.toml")]  # fmt: skip
    return subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=900, cwd=root,
        env={**environment(), **(more or {})},
    )  # fmt: skip


def environment() -> dict[str, str]:
    """What a process needs to find this package and the tenants."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1] / "lib"), *sys.path]))
    return {**os.environ, "PYTHONPATH": path}


def summaries(project: Project) -> list[record.Record]:
    """The summary records, oldest first."""
    return [each for each in record.records(project.root / "runs") if each.phase == "fleet"]
