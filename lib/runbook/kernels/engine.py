"""Our papermill engine: an executed notebook that tells the truth, however it ended.

papermill's own engine writes every cell as completed after a kernel death, a timeout, Ctrl-C or a
missing kernelspec, and passes a cell that calls sys.exit(). Here the cell that was running is
marked failed with what happened, cells that never ran stay `pending`, the notebook says how it
ended, every text passed the redactor, and the error always reaches the caller.

Usable through papermill's API as engine "runbook", with these keywords beside papermill's own:
`on_event`, `save`, `kernel_cwd`, `kernel_env`, `cell_timeout_s`, `timeout_s`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ..audit import people
from ..errors import InDoubt, RunbookError
from ..records.archive import write
from ..redact import redact, redact_tree
from .notebook import INTERRUPTED, IRI_GRAMMAR, absent, first_line, headings, text
from .parameters import no_secret_in_source

with absent(IRI_GRAMMAR):
    import nbformat
    from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
    from papermill.execute import execute_notebook  # noqa: F401 (to be used from here)

NAME = "runbook"
# Keeps a notebook durably; the second are the cells that differ from the last one that it kept.
Save = Callable[[nbformat.NotebookNode, Collection[int]], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a signal to end: the message says which, and what was running."""


class CellEvent(NamedTuple):
    """One line of progress.

    Fields:
        kind: started · finished · failed.
        index: position in the notebook; `number` of `total` counts the code cells.
        heading, line: the nearest heading above the cell, and the cell's first line.
        seconds: wall time, None when it starts.
        what: what happened, for a failed one.
    """

    kind: str
    index: int
    number: int
    total: int
    heading: str
    line: str
    seconds: float | None = None
    what: str = ""


class Execution(NotebookExecutionManager):
    """papermill's bookkeeping of one run, kept true and written durably."""

    def __init__(
        self,
        nb: nbformat.NotebookNode,
        *,
        save: Save,
        on_event: Callable[[CellEvent], None] | None = None,
        project: Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(nb, progress_bar=False, **options)
        self._save = save
        self._on_event = on_event or (lambda event: None)
        self._headings = headings(nb.cells)
        self._code = [i for i, cell in enumerate(nb.cells) if cell.cell_type == "code"]
        places = {sys.prefix: "<environment>", str(Path.home()): "~", str(project or "/"): "."}
        self._places = sorted(
            ((path, word) for path, word in places.items() if path.count("/") > 1 or word == "~"),
            key=lambda place: -len(place[0]),
        )
        self.current: int | None = None
        self.changed = set(range(len(nb.cells)))
        self.unsaved: OSError | None = None

    def notebook_start(self, **kwargs: Any) -> None:
        for number, cell in enumerate(self.nb.cells, start=1):
            no_secret_in_source(number, cell.source)
            cell.metadata = redact_tree(cell.metadata)
        super().notebook_start(**kwargs)

    def save(self, **kwargs: Any) -> None:
        """Write the notebook as it stands. A failure is kept: no further cell starts after it."""
        self.last_save_time = self.now()
        shown = nbformat.NotebookNode(self.nb)
        shown.cells = list(self.nb.cells)
        if self.current is not None:
            # A secret that arrives in two pieces must not be cut in half by redacting the first.
            cell = redact_tree(self.nb.cells[self.current])
            cell["outputs"] = people.hidden(cell.get("outputs", []))
            shown.cells[self.current] = cell
            self.changed.add(self.current)
        try:
            self._save(shown, sorted(self.changed))
            self.unsaved = None
            self.changed.clear()
        except OSError as error:
            self.unsaved = error

    def cell_start(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        if self.unsaved is not None:
            raise InDoubt(
                f"The record cannot be written any more: {self.unsaved.strerror or self.unsaved}.",
                state="The cells before this one ran and are not undone; this one was not started.",
                remedy="Make room, then `runbook status` tells what is applied, and run again.",
            )
        self.current = cell_index
        super().cell_start(cell, cell_index)
        self._tell("started", cell_index)

    def cell_complete(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        outputs = people.hidden(redact_tree(cell.outputs))
        cell.outputs = [self._elsewhere(output) for output in outputs]
        self.changed.add(self.current)
        self.current = None
        super().cell_complete(cell, cell_index)
        seen = cell.metadata.papermill
        kind = "failed" if seen["status"] == self.FAILED else "finished"
        self._tell(kind, cell_index, seconds=seen["duration"], what=seen.get("error", ""))

    def cell_failed(self, index: int, what: str) -> None:
        """Mark a cell: it was started, and this is what became of it."""
        self.changed.add(index)
        cell = self.nb.cells[index]
        self.cell_exception(cell, index)
        cell.metadata.papermill["error"] = people.hidden(redact(what))

    def passed(self, index: int, status: str) -> None:
        """Mark a cell that has nothing to run."""
        self.changed.add(index)
        self.nb.cells[index].metadata.papermill["status"] = status

    def ended(self, error: BaseException | None) -> None:
        """Say in the notebook how it ended; a cell that failed has said so before."""
        status = self.COMPLETED
        if isinstance(error, KeyboardInterrupt):
            status = INTERRUPTED
        elif error is not None or self.nb.metadata.papermill["exception"]:
            status = self.FAILED
        self.nb.metadata.papermill["status"] = status
        self.nb.metadata.papermill["exception"] = status != self.COMPLETED
        told = [cell.metadata.papermill.get("error") for cell in self.nb.cells]
        what = next((text for text in told if text), None)
        if error is not None:
            what = error.what if isinstance(error, RunbookError) else str(error)
            what = people.hidden(redact(what or type(error).__name__))
        self.nb.metadata.papermill["error"] = what

    def notebook_complete(self, **kwargs: Any) -> None:
        """papermill's version would promote every pending cell to completed."""
        self.end_time = self.now()
        if "widgets" in self.nb.metadata:
            self.nb.metadata.widgets = people.hidden(redact_tree(self.nb.metadata.widgets))
        pm = self.nb.metadata.papermill
        pm["end_time"] = self.end_time.isoformat()
        pm["duration"] = (self.end_time - self.start_time).total_seconds()
        self.save()

    def _elsewhere(self, output: Any) -> Any:
        """The same error or warning without the paths of this machine."""
        if output.output_type == "error" or output.get("name") == "stderr":
            for path, word in self._places:
                output = _replaced(output, path, word)
        return output

    def _tell(self, kind: str, index: int, **seen: Any) -> None:
        line = first_line(self.nb.cells[index].source)
        number = self._code.index(index) + 1
        # Progress that nobody can read any more (a closed pipe) is no reason to stop.
        with suppress(OSError, ValueError):
            self._on_event(
                CellEvent(kind, index, number, len(self._code), self._headings[index], line, **seen)
            )


class RunbookEngine(NBClientEngine):
    """papermill's engine "runbook"."""

    @classmethod
    def execute_notebook(
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        *,
        save: Save | None = None,
        on_event: Callable[[CellEvent], None] | None = None,
        autosave_cell_every: int = 5,
        **options: Any,
    ) -> nbformat.NotebookNode:
        """Run the notebook; save it at every step through `save`, or at `output_path`.

        Raises:
            InDoubt: the kernel died, a time limit passed, or a cell ended the notebook.
            Refused: the kernel could not be started; nothing ran.
            Interrupted: Ctrl-C or a signal.
            An exception in a cell is left in the notebook, where papermill raises it.
        """
        for unwanted in ("input_path", "progress_bar", "log_output", "stdout_file", "stderr_file"):
            options.pop(unwanted, None)
        # Both are paths of this machine, or the whole notebook again.
        nb.metadata.papermill.pop("input_path", None)
        nb.metadata.papermill.pop("output_path", None)
        run = Execution(
            nb,
            save=save
            or (lambda shown, _: write(Path(output_path), text(shown)) if output_path else None),
            on_event=on_event,
            project=options.get("kernel_cwd"),
            autosave_cell_every=autosave_cell_every,
        )
        error: BaseException | None = None
        run.notebook_start()
        try:
            cls.execute_managed_notebook(run, kernel_name, **options)
        except BaseException as raised:
            error = raised
            raise
        finally:
            run.ended(error)
            run.notebook_complete()
        return run.nb

    @classmethod
    def execute_managed_notebook(cls, nb_man: Execution, kernel_name: str, **options: Any) -> None:
        """Start the kernel, run the cells, end the kernel."""
        from .kernel import Client

        Client.run(nb_man, kernel_name, **options)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_replaced(item, old, new) for item in value]
    if isinstance(value, dict):
        return type(value)({key: _replaced(item, old, new) for key, item in value.items()})
    return value


papermill_engines.register(NAME, RunbookEngine)
