"""The record's journal: every event, also on disk, beside the notebook that caused it.

The kernel may die and the database may be restored to yesterday; the journal is a file that was
appended to and synced at the moment of the event. Each line holds the SHA-256 of the line before
it, so that a line which was taken out, put in or moved shows. It is written while a record is being
made (RUNBOOK_RECORD names its folder), and nowhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..audit import people
from ..redact import redact_tree

FILE = "journal.jsonl"
_KEYS = {"seq", "at", "hash", "run", "operator", "phase", "version", "stage", "state", "detail"}
_BLOCK = 64 * 1024


def write(event: dict[str, Any]) -> None:
    """Append one committed event and sync it; nothing is written outside of a record.

    A disk that is full or read-only is said and not raised: the event is committed and in the
    ledger, and an error here would call failed what is done. The record's own keeper stops the run
    before its next cell.
    """
    folder = os.environ.get("RUNBOOK_RECORD")
    if not folder:
        return
    try:
        _append(Path(folder) / FILE, event)
    except OSError as error:
        which = f"event {event['seq']}, which is in the ledger" if event["seq"] else "what was seen"
        print(f"The journal lacks {which}: {error.strerror}.", file=sys.stderr)


def seen(
    run: str,
    operator: str,
    *,
    stage: str,
    state: str,
    findings: Iterable[Iterable[Any]],
    phase: str = "",
    version: str = "",
    **detail: Any,
) -> None:
    """Append what a run saw that may not write to the ledger: an event without a place in it."""
    if not os.environ.get("RUNBOOK_RECORD"):
        return
    detail["findings"] = [list(row) for row in findings]
    write(
        {
            "seq": None,
            "at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "hash": None,
            "run": run,
            "operator": operator,
            "phase": phase,
            "version": version,
            "stage": stage,
            "state": state,
            "detail": people.hidden(redact_tree(json.loads(json.dumps(detail, default=str)))),
        }
    )


def read(folder: Path) -> list[dict[str, Any]]:
    """The events of a record in order; a line that a killed run left half-written is none."""
    found = []
    for line in _lines(folder / FILE):
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if (
                isinstance(event, dict)
                and event.keys() >= _KEYS
                and isinstance(event["detail"], dict)
            ):
                found.append(event)
    return found


def broken(folder: Path) -> str:
    """Where the chain of lines does not hold, in words; "" while it does."""
    before = ""
    for number, line in enumerate(_lines(folder / FILE), start=1):
        event = None
        with contextlib.suppress(ValueError):
            event = json.loads(line)
        if not isinstance(event, dict):
            return f"line {number} cannot be read: the run was killed while it was written"
        if event.get("previous") != before:
            return f"line {number} does not follow the line before it"
        before = hashlib.sha256(line).hexdigest()
    return ""


def _lines(path: Path) -> Iterator[bytes]:
    try:
        yield from (line for line in path.read_bytes().split(b"\n") if line)
    except FileNotFoundError:
        return


def _append(path: Path, event: dict[str, Any]) -> None:
    with path.open("ab+") as file:
        last = _last_line(file)
        previous = hashlib.sha256(last).hexdigest() if last else ""
        line = json.dumps(
            {**event, "previous": previous}, ensure_ascii=False, sort_keys=True, default=str
        )
        file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _last_line(file: BinaryIO) -> bytes:
    """The file's last line; one that was left half-written is ended first."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return b""
    file.seek(end - 1)
    if file.read(1) != b"\n":
        file.write(b"\n")
        end += 1
    tail, start = b"", end
    while start > 0 and b"\n" not in tail[:-1]:
        start = max(0, start - _BLOCK)
        file.seek(start)
        tail = file.read(end - start)
    return tail[:-1].rsplit(b"\n", 1)[-1]
