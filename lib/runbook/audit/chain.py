"""runs/chain.jsonl: the archive's spine, one line for each record in the order of their closing.

The first line gives the archive its id. Each line holds the SHA-256 of the line before it, and a
record's line the SHA-256 of its manifest; the manifest in turn names the one before it. So a record
that was removed, put in, changed or moved shows from the chain, and a change to the chain from the
records. Lines are written under a lock and the file is replaced whole, so that runs which end
at the same moment make one chain, and a reader never sees half of it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..records import archive
from .manifest import sha256

FILE = "chain.jsonl"
ARCHIVE, RECORD, PRUNED = "archive", "record", "pruned"


@dataclass(frozen=True)
class Line:
    """One line of the chain.

    Fields:
        raw: its bytes, without the line end.
        value: what it says; empty when it cannot be read.
    """

    raw: bytes
    value: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.value.get("kind", ""))

    @property
    def record(self) -> str:
        return str(self.value.get("record", ""))

    @property
    def manifest(self) -> str:
        return str(self.value.get("manifest", ""))

    @property
    def fleet(self) -> str:
        """The id of the fleet's run that it is part of; "" for most."""
        return str(self.value.get("fleet", ""))

    @property
    def sums_up(self) -> bool:
        """Whether it is the summary of a fleet's run: the record whose id is the run's."""
        return bool(self.fleet) and self.record.endswith(f"_{self.fleet}")


@contextmanager
def locked(runs: Path) -> Iterator[None]:
    """Have the chain to oneself; a process that dies lets go of it."""
    with FileLock(runs / ".chain.lock"):
        yield


def read(runs: Path) -> list[Line]:
    """The chain; empty where there is none."""
    try:
        content = (runs / FILE).read_bytes()
    except FileNotFoundError:
        return []
    return [Line(raw, _value(raw)) for raw in content.removesuffix(b"\n").split(b"\n") if content]


def identity(lines: Sequence[Line]) -> str:
    """The archive's id; "" where the chain does not begin with one."""
    return str(lines[0].value.get("id", "")) if lines and lines[0].kind == ARCHIVE else ""


def records(lines: Sequence[Line]) -> list[Line]:
    """The lines of records, oldest first."""
    return [line for line in lines if line.kind == RECORD]


def pruned(lines: Sequence[Line]) -> dict[str, Line]:
    """Record to the line that says it was pruned."""
    return {
        name: line
        for line in lines
        if line.kind == PRUNED
        for name in line.value.get("records", {})
    }


def of_fleet(lines: Sequence[Line], fleet: str) -> dict[str, str]:
    """What a fleet's summary names: each of the run's records with the SHA-256 of its manifest."""
    mine = (line for line in records(lines) if line.fleet == fleet and not line.sums_up)
    return {line.record: line.manifest for line in mine}


def begun(runs: Path) -> list[Line]:
    """The chain, with its first line written when it is missing; under the lock."""
    lines = read(runs)
    if lines:
        return lines
    return append(runs, lines, {"kind": ARCHIVE, "id": uuid.uuid4().hex, "at": _now()})


def append(runs: Path, lines: Sequence[Line], value: Mapping[str, Any]) -> list[Line]:
    """Write the chain with one more line; under the lock."""
    raw = encoded(value, lines)
    made = [*lines, Line(raw, json.loads(raw))]
    archive.write(runs / FILE, b"".join(line.raw + b"\n" for line in made))
    return made


def encoded(value: Mapping[str, Any], before: Sequence[Line]) -> bytes:
    """The one way in which a line is written, behind these lines."""
    linked = {**value, "seq": len(before), "previous": sha256(before[-1].raw) if before else ""}
    return json.dumps(linked, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def of_record(
    predicate: Mapping[str, Any], manifest: str, beside: Mapping[str, str]
) -> dict[str, Any]:
    """What the line of a record says; all of it can be worked out from the record.

    Args:
        manifest: the SHA-256 of its manifest.
        beside: name to SHA-256 of signatures that were made over the manifest.
    """
    said = {
        "kind": RECORD,
        "record": predicate["record"],
        "manifest": manifest,
        "beside": dict(beside),
        "server": (predicate.get("server") or {}).get("key", ""),
        "wrote": predicate.get("wrote"),
    }
    return {**said, "fleet": predicate["fleet"]} if predicate.get("fleet") else said


def _value(raw: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
