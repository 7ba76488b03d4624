"""Small notebooks for the tests of the engine and of records."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runbook.kernels.notebook import nbformat  # not by itself: that takes two seconds longer


def notebook(*cells: str, parameters: str = "", kernel: str = "python3") -> nbformat.NotebookNode:
    """A notebook of these cells; one that starts with # and a blank is prose."""
    nb = nbformat.v4.new_notebook()
    nb.metadata["kernelspec"] = {"name": kernel, "display_name": "Python 3", "language": "python"}
    if parameters:
        cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        nb.cells.append(cell)
    for source in cells:
        prose = source.startswith("#")
        make = nbformat.v4.new_markdown_cell if prose else nbformat.v4.new_code_cell
        nb.cells.append(make(source))
    return nb


def on_disk(folder: Path, *cells: str, name: str = "01_phase.ipynb", **options: Any) -> Path:
    """The same, as a file."""
    path = folder / name
    nbformat.write(notebook(*cells, **options), path)
    return path


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process of its own that runs a script."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def until(happened: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := happened():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
