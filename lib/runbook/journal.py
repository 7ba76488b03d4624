"""The record's journal: every ledger event, also on disk, beside the notebook that caused it.

The kernel may die and the database may be restored to yesterday; the journal is a file that was
appended to and synced at the moment of the event. It is written while a record is being made
(RUNBOOK_RECORD names its folder), and nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FILE = "journal.jsonl"


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
        words = f"The journal lacks event {event['seq']}, which is in the ledger: {error.strerror}."
        print(words, file=sys.stderr)


def _append(path: Path, event: dict[str, Any]) -> None:
    line = json.dumps(event, ensure_ascii=False, sort_keys=True, default=str)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
