"""The notebooks under papermill alone, as other schedulers run them (docs/other-runners.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
from runbook import history, notebooks
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = "create table public.a (id int primary key);alter table public.a enable row level security;"


def _papermill(project: Project, out: Path, **parameters: str) -> subprocess.CompletedProcess:
    if not list((project.root / "notebooks").glob("*.ipynb")):
        notebooks.write_notebooks(project.plan, project.root / "notebooks")
    given = [part for name, value in parameters.items() for part in ("-p", name, value)]
    command = [sys.executable, "-m", "papermill", "notebooks/01_one.ipynb", str(out), *given]
    return subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, timeout=120, check=False
    )


def test_plain_papermill_applies_a_phase(project: Project, tmp_path: Path):
    version = project.add("a", TABLE, tables=("public.a",), rollback="drop table public.a;")
    done = _papermill(project, tmp_path / "out.ipynb", target=project.name)
    assert done.returncode == 0, done.stderr
    with project.connect() as conn:
        assert [row.version for row in history.read(conn)] == [version]
    nbformat.validate(nbformat.read(tmp_path / "out.ipynb", as_version=4))


def test_a_failure_ends_it_with_the_cells_so_far_and_changes_nothing(
    project: Project, tmp_path: Path
):
    project.add("a", TABLE + "select no_such_function();", tables=("public.a",))
    done = _papermill(project, tmp_path / "out.ipynb", target=project.name)
    assert done.returncode == 1
    assert "no_such_function" in done.stderr
    saved = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert any(
        output.output_type == "error" for cell in saved.cells for output in cell.get("outputs", [])
    )
    with project.connect() as conn:
        assert history.read(conn) == []


def test_a_conninfo_as_a_parameter_is_refused_and_said_why(project: Project, tmp_path: Path):
    project.add("a", TABLE, tables=("public.a",))
    done = _papermill(project, tmp_path / "out.ipynb", target="postgresql://u:hunter2@h/d")
    assert done.returncode == 1
    assert "Never pass a connection string" in done.stderr
