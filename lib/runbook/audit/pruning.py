"""`runbook audit prune`: old records become tombstones, and verify goes on accepting them.

What stays is the manifest with its signatures: what was run, by whom and with what outcome, and
the SHA-256 of every file that there was, so that a copy from elsewhere can be known again. A
tombstone beside it says when it was pruned and by whom, and the chain gets a line that says the
same: taking files away and calling it pruned needs both.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import Refused
from ..findings import FAIL, PASS, Finding
from ..records import archive
from . import chain, manifest, scan
from .chain import Line

CHECK = "Record"


def old(runs: Path, keep: int) -> list[Path]:
    """The records that pruning would empty: all but the newest `keep`, without tombstones.

    Raises:
        Refused: keep is less than 1.
    """
    if keep < 1:
        raise Refused("--keep needs a number of records to keep, 1 at least.")
    lines = chain.read(runs)
    gone = chain.pruned(lines)
    names = [line.record for line in chain.records(lines)]
    return [runs / name for name in names[:-keep] if name not in gone and (runs / name).is_dir()]


def prune(runs: Path, records: Sequence[Path], operator: str, *, backups: bool = False) -> None:
    """Empty these records but for their manifests.

    Raises:
        Refused: a record does not verify, or holds the rows that a rollback saved.
    """
    for path in records:
        _require_prunable(path, backups=backups)
    with chain.locked(runs):
        lines = chain.read(runs)
        known = {line.record: line.manifest for line in chain.records(lines)}
        said = {
            "kind": chain.PRUNED,
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "by": operator,
            "records": {path.name: known[path.name] for path in records},
        }
        lines = chain.append(runs, lines, said)
        for path in records:
            _bury(path, lines[-1])


def finish(runs: Path) -> None:
    """Complete a pruning that was interrupted after its line was written; under no lock yet."""
    with chain.locked(runs):
        for name, line in chain.pruned(chain.read(runs)).items():
            if (runs / name).is_dir() and list(manifest.names(runs / name)):
                _bury(runs / name, line)


def tombstone(folder: Path, line: Line, gone: Line) -> Finding:
    """A pruned record: its manifest has been held against the chain; nothing else may be there."""
    expected = "pruned, its manifest kept"
    left = list(manifest.names(folder))
    try:
        same = (folder / manifest.TOMBSTONE).read_bytes() == _text(folder.name, gone)
    except OSError:
        same = False
    if gone.value["records"].get(line.record) != line.manifest:
        observed, verdict = "the chain's line about it names another manifest", FAIL
    elif not same:
        observed, verdict = "its tombstone is missing or says something else than the chain", FAIL
    elif left:
        observed, verdict = f"its tombstone is there, and so is {left[0]}", FAIL
    else:
        observed, verdict = f"pruned {gone.value['at']} by {gone.value['by']}", PASS
    return Finding(CHECK, line.record, expected, observed, verdict)


def _require_prunable(path: Path, *, backups: bool) -> None:
    from .verifying import files

    bad = [row for row in files(path, path.name, manifest.read(path)) if row.verdict == FAIL]
    if bad:
        raise Refused(
            f"{bad[0].object} {bad[0].observed}: a record that was changed is not pruned.",
            state="Nothing was pruned.",
            remedy="`runbook audit verify` names everything; what changed it comes first.",
        )
    if not backups and (path / scan.BACKUP).exists():
        raise Refused(
            f"{path.name} holds the rows that a rollback saved; pruning would lose them.",
            state="Nothing was pruned.",
            remedy="--backups prunes it all the same.",
        )


def _bury(path: Path, line: Line) -> None:
    archive.write(path / manifest.TOMBSTONE, _text(path.name, line))
    for entry in path.iterdir():
        if entry.name in manifest.BESIDE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    archive.sync(path)


def _text(record: str, line: Line) -> bytes:
    said: Mapping[str, Any] = {
        "record": record,
        "pruned": line.value["at"],
        "by": line.value["by"],
        "manifest": line.value["records"][record],
        "line": line.value["seq"],
    }
    return (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode()
