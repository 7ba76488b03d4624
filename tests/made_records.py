"""Records as runs leave them, without running anything: for the tests of the audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runbook.audit import signing
from runbook.records import archive, closing
from runbook.records.closing import Witnesses

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def document(at: datetime, name: str, **given: Any) -> dict[str, Any]:
    """What record.run() knows when a draft is closed."""
    return {
        "schema": 1, "id": name[-8:], "phase": "01_one", "target": "embedded", "outcome": "passed",
        "exit_code": 0, "error": None, "started": closing.iso(at), "ended": closing.iso(at),
        "parameters": {}, "operator": {"name": "ada", "established": "given"},
        "notebook": {"path": "x", "sha256": "0"}, "sources": {}, "git": None, "python": "3",
        "system": "x", "packages": {}, **given,
    }  # fmt: skip


def closed(
    runs: Path, number: int = 0, *, key: signing.Key | None = None, **files: str | bytes
) -> Path:
    """A record with these files in it; later numbers are later runs."""
    at = NOON + timedelta(minutes=number)
    draft = archive.begin(runs, archive.name(at, f"phase {number}", "embedded"))
    for name, content in files.items():
        (draft.folder / name).parent.mkdir(exist_ok=True)
        archive.write(draft.folder / name, content)
    return closing.close(draft, document(at, draft.name), None, Witnesses(key=key))
