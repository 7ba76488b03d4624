"""manifest.json: what a record consists of, as an in-toto Statement.

The subjects are all files of the record with their SHA-256; the predicate says what was run, where,
by whom, and what came of it. The manifest's own digest stands in the chain (`chain`), in the next
record's manifest, in the target's ledger and below a signature: in whichever of them there are.

Source: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = "manifest.json"
ENVELOPE = "manifest.dsse.json"
SSH_SIGNATURE = "manifest.json.sig"
TOMBSTONE = "tombstone.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:migration-runbook:record:v1"
# What can only be written when the manifest is there.
BESIDE = frozenset((FILE, ENVELOPE, SSH_SIGNATURE, TOMBSTONE))


def sha256(content: bytes) -> str:
    """The digest of these bytes, hex."""
    return hashlib.sha256(content).hexdigest()


def text(folder: Path, predicate: Mapping[str, Any], *, without: frozenset[str]) -> str:
    """The manifest of a folder as it is now; `without` names files that go before it is closed."""
    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest(folder / name)}}
            for name in names(folder)
            if name not in without
        ],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(statement, indent=1, ensure_ascii=False, default=str) + "\n"


def read(folder: Path) -> dict[str, Any]:
    """The manifest in a folder.

    Raises:
        OSError, ValueError: there is none that can be read.
    """
    return parse((folder / FILE).read_bytes())


def parse(content: bytes) -> dict[str, Any]:
    """A manifest's bytes as a value.

    Raises:
        ValueError: they are none of ours.
    """
    statement = json.loads(content)
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT:
        raise ValueError("it is no in-toto Statement")
    if statement.get("predicateType") != PREDICATE:
        raise ValueError("it is another kind of Statement")
    if not isinstance(statement.get("predicate"), dict):
        raise ValueError("it has no predicate")
    return statement


def subjects(statement: Mapping[str, Any]) -> dict[str, str]:
    """File name to SHA-256."""
    return {item["name"]: item["digest"]["sha256"] for item in statement["subject"]}


def names(folder: Path) -> Iterator[str]:
    """The record's files, relative and sorted, without what stands beside the manifest."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in BESIDE:
            yield name


def digest(path: Path) -> str:
    """The digest of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
