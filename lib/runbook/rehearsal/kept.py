"""What came of a rehearsal, as a file in runs/rehearsals/; and found again by the real run."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..apply import Applied
from ..findings import PASS, Finding
from ..load import chart
from ..load.felt import Felt
from ..load.trial import MOST_TABLES
from ..plan import Migration
from ..target import Target

if TYPE_CHECKING:
    from .rehearse import Rehearsal

# Whatever was rehearsed, and however.
CANNOT = (
    "waiting behind other sessions: nobody else is at work on the copy",
    "the seconds of the real tables: the copy holds a sample of their rows, or none",
    "the target's own settings, hardware and replicas",
)


def write(root: Path, made: Rehearsal, operator: str) -> Path:
    """Write the record of a rehearsal, and beside it a picture of each load; the record's path."""
    now = datetime.now(UTC)
    folder = root / "runs" / "rehearsals"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{now:%Y%m%dT%H%M%SZ}_{made.target.label}_{secrets.token_hex(4)}.json"
    path = folder / name
    for each in made.migrations:
        if isinstance(each.felt, Felt):
            drawn = chart.draw(each.felt).svg
            picture(path, each.migration).write_text(drawn, encoding="utf-8")
    with path.open("x", encoding="utf-8") as file:
        json.dump(document(made, now, operator), file, ensure_ascii=False, indent=2)
    return path


def document(made: Rehearsal, now: datetime, operator: str) -> dict[str, Any]:
    """The record: what was rehearsed, on what, what came of it, and what it cannot show."""
    return {
        "rehearsal": now.isoformat(timespec="seconds"),
        "target": made.target.name,
        "operator": operator,
        "passed": made.passed,
        "pending": made.pending,
        "seconds": round(made.seconds, 3),
        "sampled_rows": made.rows,
        "migrations": [
            {
                "version": each.migration.version,
                "name": each.migration.name,
                "sha256": each.migration.script.sha256,
                "passed": each.passed,
                "seconds": each.seconds,
                "rows": each.rows,
                "findings": [row._asdict() for row in each.findings],
                "load": each.felt.document() if isinstance(each.felt, Felt) else None,
            }
            for each in made.migrations
        ],
        "cannot_show": cannot_show(made),
    }


def cannot_show(made: Rehearsal) -> list[str]:
    """What this rehearsal says nothing about."""
    alone, *others = CANNOT
    if any(isinstance(each.felt, Felt) for each in made.migrations):
        alone = (
            "waiting behind other sessions' long transactions: the load's requests are short, and"
            f" {MOST_TABLES} tables at most get one"
        )
    return [alone, *others, *made.lacks]


def picture(path: Path, migration: Migration) -> Path:
    """Where the picture of a migration's load stands, beside this record."""
    return path.with_suffix(f".{migration.version}.svg")


def found(root: Path, target: Target, migration: Migration) -> Iterator[tuple[Path, Any]]:
    """What was rehearsed of exactly this SQL on this target, the newest first, with its record."""
    folder = root / "runs" / "rehearsals"
    for path in sorted(folder.glob(f"*_{target.label}_*.json"), reverse=True):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            each = next(m for m in said["migrations"] if m["version"] == migration.version)
            if said["target"] == target.name and each["sha256"] == migration.script.sha256:
                yield path, each
        except (OSError, ValueError, KeyError, TypeError, StopIteration):
            continue


def beside(root: Path, target: Target, migration: Migration, applied: Applied) -> list[Finding]:
    """The rehearsal of exactly this SQL beside its real run; no row where there was none."""
    for _, each in found(root, target, migration):
        try:
            then = f"{each['seconds']:.3f} s, {each['rows']:,} existing rows in the rehearsal"
        except (KeyError, TypeError, ValueError):
            continue
        account = applied.account
        rows = sum(t.inserted + t.updated + t.deleted for t in account.touched) if account else 0
        now = f"{applied.seconds:.3f} s, {rows:,} existing rows now"
        return [Finding("Rehearsal", migration.file, then, now, PASS)]
    return []
