"""`runbook lab`: JupyterLab on working copies; stepping through never dirties the project."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from ..cli import say
from ..notebook_names import BASELINE
from ..project import find_project
from ..resources import folder


def lab(options: argparse.Namespace) -> NoReturn:
    """Become JupyterLab, at the first notebook's working copy."""
    root = find_project(options.project)
    work = root / "runs" / "work"
    work.mkdir(parents=True, exist_ok=True)
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        _copy(notebook, work / notebook.name)
    extra = [option for option in options.unknown if option != "--"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        extra.append("--allow-root")  # a container's only user is root
    # The project's folder is the root, so that a migration can be mended beside its notebook.
    start = f"--LabApp.default_url=/lab/tree/runs/work/{BASELINE}"
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={root}", start, *extra]
    environment = {
        **os.environ,
        "RUNBOOK_PROJECT": str(root),
        # Words instead of a bare NameError; an operator's own startup file comes first.
        "PYTHONSTARTUP": os.environ.get("PYTHONSTARTUP")
        or str(folder("templates") / "lab" / "kernel.py"),
        # Defaults below the operator's own settings: no question about news on the first start,
        # and a panel that is still to be read when its kernel is gone.
        "JUPYTER_CONFIG_PATH": os.pathsep.join(
            filter(None, (str(folder("templates") / "lab"), os.environ.get("JUPYTER_CONFIG_PATH")))
        ),
    }
    # In our place, so that a signal to us is a signal to JupyterLab.
    os.execve(sys.executable, command, environment)


def _copy(source: Path, copy: Path) -> None:
    """A fresh copy without outputs; one that somebody has run stays as it is."""
    if copy.exists() and _was_run(copy):
        say(f"runs/work/{copy.name} was run before and stays; delete it for a fresh one.")
        return
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        # A copy lies one folder deeper than the original.
        cell["source"] = [
            line.replace("](../migrations/", "](../../migrations/") for line in _lines(cell)
        ]
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    copy.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _was_run(copy: Path) -> bool:
    try:
        cells = json.loads(copy.read_text(encoding="utf-8"))["cells"]
        return any(cell.get("execution_count") for cell in cells)
    except (OSError, ValueError, KeyError):
        return True  # not ours to overwrite


def _lines(cell: dict) -> list[str]:
    source = cell["source"]
    return source.splitlines(keepends=True) if isinstance(source, str) else source
