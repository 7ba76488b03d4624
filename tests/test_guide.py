"""What a kernel of `runbook lab` says about a name that no cell has made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from runbook.guide.missing_names import words
from runbook.resources import folder


def test_before_the_notebook_is_open_its_first_cells_come_first():
    what, state, remedy = words("phase", {})
    assert "'phase'" in what
    assert "restarted" in what
    assert "This line did nothing" in state
    assert remedy.startswith("Run the first cells of this notebook")
    assert words("one", {"phase": 1})[2].startswith("Run the cell that begins with `one =` first")


@pytest.fixture(scope="module")
def errors() -> list[Any]:
    """What three cells say in a kernel that was started as `runbook lab` starts it."""
    startup = Path(str(folder("templates"))) / "lab" / "kernel.py"
    sources = ["one.apply()", "def deeper():\n    return nowhere\n\ndeeper()", "_install"]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])
    client = NotebookClient(nb, km=KernelManager(kernel_name="python3"), allow_errors=True)
    client.execute(env={**os.environ, "PYTHONSTARTUP": str(startup)})
    return [cell.outputs[0] for cell in nb.cells]


def test_a_kernel_of_the_lab_says_it_in_three_sentences(errors: list[Any]):
    assert errors[0].output_type == "error"
    assert errors[0].ename == "NameError"
    assert errors[0].traceback == words("one", {})


def test_a_mistake_in_a_function_keeps_its_traceback_and_no_name_is_left_behind(errors: list[Any]):
    assert any("deeper" in line for line in errors[1].traceback)
    assert errors[2].ename == "NameError"
