"""Notebooks as files and values: read, name cells, mark what became of them."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ..redact import redact_tree


@contextmanager
def absent(module: str) -> Iterator[None]:
    """Let `import module` fail for a while: jsonschema takes that for a package not installed."""
    mine = sys.modules.setdefault(module, None) is None
    try:
        yield
    finally:
        if mine:
            del sys.modules[module]


# jsonschema imports this package for a format no notebook uses; building its grammar takes two
# seconds, three quarters of the time it takes to import papermill.
IRI_GRAMMAR = "rfc3987_syntax"
with absent(IRI_GRAMMAR):
    import nbformat

PENDING, RUNNING, COMPLETED, FAILED = "pending", "running", "completed", "failed"  # papermill's
INTERRUPTED, SKIPPED = "interrupted", "skipped"


def headings(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each cell the text of the nearest heading above or in it, plain; "" before the first."""
    found, current = [], ""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            fenced = False
            for line in cell["source"].splitlines():
                if line.lstrip().startswith(("```", "~~~")):
                    fenced = not fenced
                text = line.lstrip("#")
                if not fenced and 0 < len(line) - len(text) <= 6 and text.startswith(" "):
                    current = re.sub(r"[*`]", "", text.strip(" #"))
        found.append(current)
    return found


def first_line(source: str) -> str:
    """The first line of a cell that says something, without comments where there is code."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


def load(path: Path) -> nbformat.NotebookNode:
    """Read a notebook of any version as the current one."""
    content = path.read_text(encoding="utf-8")
    nb = nbformat.reader.reads(content)
    if nb.get("nbformat") == 4 and all("id" in cell for cell in nb.cells):
        return nb  # reading it as nbformat does only adds a search for what it would log
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about cell ids, which older notebooks lack
        return nbformat.reads(content, as_version=4)


def text(nb: nbformat.NotebookNode) -> str:
    """A notebook as it is kept: indented and sorted, so that two can be compared."""
    return nbformat.v4.writes(nb) + "\n"


def blank(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy in which nothing was run yet: no outputs, every cell pending."""
    copy = nbformat.from_dict(redact_tree(nb))
    copy.metadata["papermill"] = {"status": FAILED, "exception": True}
    for cell in copy.cells:
        cell.metadata["papermill"] = {"status": PENDING}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def mark_abandoned(nb: nbformat.NotebookNode, when: datetime) -> str:
    """Close a notebook whose run was killed; returns the cell that was running, "" for none."""
    running = ""
    for cell, heading in zip(nb.cells, headings(nb.cells), strict=True):
        seen = cell.metadata.get("papermill", {})
        if seen.get("status") == RUNNING:
            running = " · ".join(part for part in (heading, first_line(cell.source)) if part)
            seen.update(
                status=FAILED,
                exception=True,
                end_time=when.isoformat(),
                error="The process that ran the notebook ended while this cell was running.",
            )
    nb.metadata.setdefault("papermill", {}).update(
        status=INTERRUPTED, exception=True, end_time=when.isoformat()
    )
    return running


def code_cells(nb: nbformat.NotebookNode) -> Iterator[dict[str, Any]]:
    """What became of each code cell, in order: heading, line, status, started, seconds, error."""
    for cell, heading in zip(nb.cells, headings(nb.cells), strict=True):
        if cell.cell_type == "code" and cell.source.strip():
            seen = cell.metadata.get("papermill", {})
            yield {
                "heading": heading,
                "line": first_line(cell.source),
                "status": seen.get("status", PENDING),
                "started": seen.get("start_time"),
                "seconds": seen.get("duration"),
                "error": seen.get("error"),
            }
