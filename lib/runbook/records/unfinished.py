"""The notebook of a record that is being made: written whole once, then a line for what changed.

Every cell is saved when it starts and when it ends, and while it runs. A notebook with all of its
outputs, written anew each time, costs more than many a cell; a line costs what the cell printed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from . import archive

NOTEBOOK, LINES = "executed.ipynb", "executed.jsonl"


class Unfinished:
    """Saves one notebook in a draft's folder, durably. Its file stays open until close()."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole, self._end = False, 0
        self._lines: BinaryIO | None = None

    def save(self, nb: Any, changed: Collection[int]) -> None:
        """Keep the notebook as it is now; `changed` are the cells that differ from the last time.

        Raises:
            OSError: what was kept before still is; the same cells have to be named again.
        """
        if not self._whole:
            archive.write(self._folder / NOTEBOOK, _text(nb))
            self._whole = True
            return
        cells = {str(index): nb.cells[index] for index in changed}
        line = _text({"metadata": nb.metadata, "cells": cells}).encode("utf-8", "backslashreplace")
        if self._lines is None:
            self._lines = (self._folder / LINES).open("wb", buffering=0)
            archive.sync(self._folder)
        self._lines.seek(self._end)
        self._lines.truncate()  # half of a line, where the disk was full
        written = self._lines.write(line + b"\n")
        if written <= len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._lines.fileno())
        self._end += written

    def close(self) -> None:
        """Let go of the file."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None


def read(folder: Path) -> Any:
    """The notebook as it was kept last; None when there is none.

    Raises:
        ValueError, OSError: it cannot be read.
    """
    from ..kernels import notebook

    if not (folder / NOTEBOOK).exists():
        return None
    nb = notebook.load(folder / NOTEBOOK)
    if nb.metadata.get("papermill", {}).get("end_time"):
        return nb  # written whole again, at the end
    for line in _lines(folder):
        with contextlib.suppress(ValueError):  # half of one: the process was killed in it
            told = notebook.nbformat.from_dict(json.loads(line))
            nb.metadata = told["metadata"]
            for index, cell in told["cells"].items():
                nb.cells[int(index)] = cell
    return nb


def last_saved(folder: Path) -> float | None:
    """When the notebook was saved last, in seconds as time.time() counts them."""
    files = [folder / name for name in (NOTEBOOK, LINES) if (folder / name).exists()]
    return max((file.stat().st_mtime for file in files), default=None)


def whole(folder: Path, text: str) -> None:
    """Write the finished notebook; the lines are in it."""
    archive.write(folder / NOTEBOOK, text)
    (folder / LINES).unlink(missing_ok=True)


def _text(value: Any) -> str:
    """JSON in a tenth of the time that a notebook takes as it is kept: indented and sorted."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _lines(folder: Path) -> list[bytes]:
    try:
        return (folder / LINES).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
