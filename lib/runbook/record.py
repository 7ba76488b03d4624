"""A headless phase run and its record: runs/<utc>_<phase>_<target>_<id>/.

    manifest.json    what, where, who, when, outcome, cells; the digests of all other files
    executed.ipynb   the notebook as it was executed, up to the cell it got to
    record.html      the same to read, without code and without network
    journal.jsonl    the run's events, as the ledger has them, when there were any

The record is true however the run ended, and is written before anything can be lost: see archive
and closing. That it stays true is `audit`'s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from .audit import known, manifest, people, witness
from .errors import Refused, RunbookError
from .kernels import verdict
from .kernels.parameters import check_parameters, defaults
from .records import archive, closing, provenance
from .records.archive import Draft
from .records.closing import DOCUMENT, RUNNING, Witnesses
from .records.unfinished import Unfinished
from .redact import learn, redact

if TYPE_CHECKING:
    from .kernels.ahead import Ahead
    from .kernels.engine import CellEvent

SCHEMA = 1


@dataclass(frozen=True)
class Record:
    """One archived run.

    Fields:
        path: its folder.
        phase, target: what was run, and where.
        outcome: passed · failed · interrupted · refused.
        exit_code: of the run, as the command line returns it.
        started, ended: UTC, ISO 8601.
        seconds: of wall time.
        operator: who said to be at it.
        error: what, state and remedy when it did not pass.
        document: all of the manifest's predicate.
    """

    path: Path
    phase: str
    target: str
    outcome: str
    exit_code: int
    started: str
    ended: str
    seconds: float
    operator: str
    error: Mapping[str, str] | None
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def passed(self) -> bool:
        return self.outcome == verdict.PASSED


def run(
    notebook: Path,
    *,
    phase: str,
    target: str,
    parameters: Mapping[str, Any],
    runs: Path,
    project: Path,
    on_event: Callable[[CellEvent], None] | None = None,
    cell_timeout_s: float | None = None,
    timeout_s: float | None = None,
    kernels: Ahead | None = None,
    witnesses: Witnesses | None = None,
    fleet: str = "",
    environment: Mapping[str, str] | None = None,
) -> Record:
    """Execute a notebook without anybody in front of it, and archive the record.

    Args:
        notebook: the .ipynb file; it is not changed.
        phase, target: for the record's name; the notebook gets its target as a parameter.
        parameters: name to value, checked against the notebook's parameters cell.
        runs: the folder of records.
        project: the kernel's working directory.
        on_event: called as cells start, finish and fail.
        cell_timeout_s, timeout_s: seconds that one cell, and the whole notebook, may take.
        kernels: where a kernel may wait that was started ahead.
        witnesses: the target that is asked about itself, and a key that signs.
        fleet: id of the fleet's run that this one is part of.
        environment: variables that the kernel gets beside ours.

    Returns:
        Record: also of a run that failed or was interrupted: look at `outcome` and `error`.

    Raises:
        Refused: a parameter does not fit, or runs/ cannot be written; nothing ran.
        NotArchived: it ran, but the record stays in its temporary folder, which is named.
    """
    learn(known.of_environment(os.environ))
    witnesses = witnesses or Witnesses()
    given = check_parameters(notebook, parameters)
    recover(runs, witnesses)
    project, started = project.resolve(), datetime.now(UTC)
    name = archive.name(started, phase, target)
    document = {
        "schema": SCHEMA,
        "id": name.rpartition("_")[2],
        "phase": phase,
        "target": target,
        "server": witness.identity(witnesses.target),
        "outcome": RUNNING,
        "started": closing.iso(started),
        "parameters": {**defaults(notebook), **given},
        "operator": provenance.operator(given),
        "notebook": {
            "path": provenance.relative(notebook, project),
            "sha256": provenance.sha256(notebook),
        },
        "sources": provenance.sources(project),
        "git": provenance.commit(project),
        **provenance.software(),
        **({"fleet": fleet} if fleet else {}),
    }
    people.know([document["operator"]["name"]])
    draft = archive.begin(runs.resolve(), name, {DOCUMENT: closing.text(document)})
    try:
        kept = _execute(
            notebook,
            given,
            draft,
            environment={
                **(environment or {}),
                "RUNBOOK_PROJECT": str(project),
                "RUNBOOK_RECORD": str(draft.folder),
                "RUNBOOK_RUN": document["id"],
                "RUNBOOK_OPERATOR": document["operator"]["name"],
            },
            project=project,
            on_event=on_event,
            cell_timeout_s=cell_timeout_s,
            timeout_s=timeout_s,
            kernels=kernels,
        )
        document.update(kept.outcome, ended=closing.iso(datetime.now(UTC)))
        return _archived(draft, document, kept.notebook, witnesses)
    finally:
        archive.release(draft)


def recover(runs: Path, witnesses: Witnesses | None = None) -> list[Record]:
    """Finish the drafts of runs that were killed: each becomes a record that says interrupted."""
    witnesses, found = witnesses or Witnesses(), []
    for draft in archive.stale(runs):
        try:
            if not any(draft.folder.iterdir()):
                draft.folder.rmdir()
                continue
            done = closing.chained(draft)
            if done is not None:
                found += filter(None, [read(done)])
                continue
            document, notebook = closing.left_behind(draft)
            here = witnesses.target is not None and witnesses.target.name == document["target"]
            asked = witnesses if here else Witnesses(None, witnesses.key)
            found.append(_archived(draft, document, notebook, asked))
        except Exception:  # whatever is wrong with it, it must not stop this run
            continue  # it stays where it is, for the next run or for a person
    return found


def records(runs: Path) -> list[Record]:
    """The finished records, oldest first; folders that are none are passed over."""
    return [record for path in sorted(runs.glob("[!.]*/")) if (record := read(path)) is not None]


def read(path: Path) -> Record | None:
    """The record in a folder, or None when there is none that can be read."""
    try:
        document = manifest.read(path)["predicate"]
        if document["schema"] != SCHEMA or document["outcome"] == RUNNING:
            return None
        return Record(
            path=path,
            **{key: str(document[key]) for key in ("phase", "target", "outcome")},
            exit_code=int(document["exit_code"]),
            **{key: str(document[key]) for key in ("started", "ended")},
            seconds=float(document["seconds"]),
            operator=str(document["operator"]["name"]),
            error=document["error"],
            document=document,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass
class _Kept:
    """What is in memory of a run, should the disk fail."""

    notebook: Any = None
    outcome: Mapping[str, Any] | None = None


def _execute(
    file: Path,
    given: Mapping[str, Any],
    draft: Draft,
    *,
    environment: Mapping[str, str],
    project: Path,
    **options: Any,
) -> _Kept:
    """Run it through papermill; whatever happens becomes an outcome."""
    kept = _Kept()

    unfinished = Unfinished(draft.folder)

    def save(nb: Any, changed: Collection[int]) -> None:
        kept.notebook = nb
        unfinished.save(nb, changed)

    error: BaseException | None = None
    try:
        from .kernels import (  # here: Ctrl-C while they load is an interrupted run, too
            engine,
            notebook,
        )

        source = notebook.load(file)
        kept.notebook = notebook.blank(source)
        if not source.metadata.get("kernelspec", {}).get("name"):
            raise Refused(
                "The notebook names no kernel.",
                remedy="Open it in JupyterLab, choose the kernel python3 and save it.",
            )
        engine.execute_notebook(
            source,
            None,
            parameters=dict(given),
            engine_name=engine.NAME,
            language="python",
            progress_bar=False,
            save=save,
            kernel_cwd=project,
            kernel_env=environment,
            **options,
        )
    except (Exception, KeyboardInterrupt, SystemExit) as raised:
        error = raised
    finally:
        unfinished.close()
    kept.outcome = verdict.of(error)
    return kept


def _archived(
    draft: Draft, document: dict[str, Any], notebook: Any, witnesses: Witnesses
) -> Record:
    path = closing.close(draft, document, notebook, witnesses)
    record = read(path)
    assert record is not None
    if witnesses.target is not None:
        try:
            witness.attest(witnesses.target, path.parent)
        except (RunbookError, psycopg.Error) as error:
            why = redact(str(error).splitlines()[0])
            words = f"The ledger does not know of record {path.name} yet: {why}"
            print(f"{words} The next run on this target tells it.", file=sys.stderr)
    return record
