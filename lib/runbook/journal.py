"""The record's journal: every ledger event, also on disk, beside the notebook that caused it.

The kernel may die and the database may be restored to yesterday; the journal is a file that was
appended to and synced at the moment of the event. It is written while a record is being made
(RUNBOOK_RECORD names its folder), and nowhere else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE = "journal.jsonl"


def write(event: dict[str, Any]) -> None:
    """Append one committed event and sync it; nothing is written outside of a record."""
    folder = os.environ.get("RUNBOOK_RECORD")
    if not folder:
        return
    line = json.dumps(event, ensure_ascii=False, sort_keys=True, default=str)
    with (Path(folder) / FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
