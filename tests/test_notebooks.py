"""The committed notebooks are part of the product: written from the plan, run, and checked."""

import ast
import itertools
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from runbook.kernels.parameters import defaults
from runbook.notebooks import project_notebooks
from runbook.plan_file import read_plan

ROOT = Path(__file__).parent.parent
PLAN = read_plan(ROOT)
WRITTEN = project_notebooks(PLAN)
VOLATILE = "nbval-ignore-output"


def _committed(name: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / name, as_version=4)


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def test_the_folder_holds_the_plans_notebooks_and_no_others():
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} == set(WRITTEN)


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_the_notebooks_again_changes_nothing_but_outputs(name: str):
    def cells(notebook):
        return [(c.id, c.cell_type, c.source, c.get("metadata", {})) for c in notebook.cells]

    assert cells(_committed(name)) == cells(WRITTEN[name])


@pytest.mark.parametrize("name", WRITTEN)
def test_every_code_cell_was_run_and_every_checked_one_shows_something(name: str):
    for cell in _code(_committed(name)):
        assert cell.execution_count, cell.source
        if "parameters" not in _tags(cell):
            assert cell.outputs, cell.source
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in _tags(cell)), cell.source


@pytest.mark.parametrize("name", WRITTEN)
def test_at_most_a_quarter_of_the_cells_is_exempt_from_nbval(name: str):
    cells = _code(_committed(name))
    exempt = [cell for cell in cells if VOLATILE in _tags(cell)]
    assert len(exempt) * 4 <= len(cells)


@pytest.mark.parametrize("name", WRITTEN)
def test_cells_hold_no_logic(name: str):
    for cell in _code(_committed(name)):
        assert len(cell.source.splitlines()) <= 6, cell.source
        forbidden = (ast.FunctionDef, ast.ClassDef, ast.Try, ast.For, ast.While, ast.If, ast.With)
        for node in ast.walk(ast.parse(cell.source)):  # a magic or a shell line does not parse
            assert not isinstance(node, forbidden), cell.source


@pytest.mark.parametrize("name", WRITTEN)
def test_prose_stands_above_every_code_cell(name: str):
    cells = _committed(name).cells
    assert cells[0].source.startswith("# ")
    for above, cell in itertools.pairwise(cells):
        if cell.cell_type == "code":
            assert above.cell_type == "markdown", cell.source


@pytest.mark.parametrize("name", WRITTEN)
def test_parameters_are_literals_with_the_safe_database_as_default(name: str):
    assert defaults(ROOT / "notebooks" / name)["target"] == "embedded"


def test_nbval_fails_when_an_expectation_is_changed(tmp_path: Path):
    """A check that cannot fail is no check: change one output, and nbval has to notice."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    notebook = _committed("00_baseline.ipynb")
    output = next(cell for cell in _code(notebook) if cell.id == "open").outputs[0]
    output.data["text/plain"] = output.data["text/plain"].replace("embedded", "production")
    nbformat.write(notebook, folder / "00_baseline.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout=120", "-q",
         "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={tmp_path}", str(folder)],
        env={**os.environ, "RUNBOOK_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "production" in done.stdout
