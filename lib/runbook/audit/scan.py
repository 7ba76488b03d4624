"""The last look before a record is closed: whatever slipped through the redactor stops it here.

Every text on its way into a record was redacted. This reads what stands on the disk, also what a
cell wrote there by itself. Backups are left out: they hold rows as they are, and their folder is
for its owner only.
"""

from __future__ import annotations

import html
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ..records.archive import NotArchived
from ..redact import find_secrets
from . import manifest

BACKUP = "backup/"


class SecretFound(NotArchived):
    """The record stays unfinished: it holds a secret."""

    exit_code = 3


def require_clean(folder: Path, *, without: Collection[str] = ()) -> None:
    """Read every file of a draft.

    Raises:
        SecretFound: says in which file and where, and of what kind; never the secret.
    """
    found = [
        f"{name}, {place}: {', '.join(kinds)}"
        for name in manifest.names(folder)
        if name not in without and not name.startswith(BACKUP)
        for place, kinds in places(folder / name)
    ]
    if not found:
        return
    folder.chmod(0o700)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise SecretFound(
        f"The record was not archived, because it holds a secret: {'; '.join(found[:5])}{more}.",
        state="The database holds what the notebook did; that is not undone. The record stays"
        " unfinished, readable by its owner only.",
        remedy=f"Replace the secret by *** in {folder}: the next run archives the record. Whoever"
        " could read the folder or the screen knows the secret: change it.",
    )


def places(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Where in a file there are secrets, and of which kinds."""
    content = path.read_bytes().decode("utf-8", "replace")
    if path.suffix in (".json", ".ipynb", ".jsonl"):
        yield from _in_json(path, content)
        return
    if path.suffix == ".html" and not find_secrets(content):
        content = html.unescape(content)
    if find_secrets(content):
        hits = [
            (n, kinds)
            for n, line in enumerate(content.splitlines(), 1)
            if (kinds := find_secrets(line))
        ]
        yield from ((f"line {n}", kinds) for n, kinds in hits)
        if not hits:
            yield "over several lines", find_secrets(content)


def _in_json(path: Path, content: str) -> Iterator[tuple[str, list[str]]]:
    """String by string: what stands around one in the file is punctuation."""
    pieces = content.splitlines() if path.suffix == ".jsonl" else [content]
    for number, piece in enumerate(pieces, start=1):
        try:
            value = json.loads(piece)
        except ValueError:
            value = piece
        for place, kinds in _secrets(value, ""):
            yield f"line {number}{place}" if path.suffix == ".jsonl" else place.strip("."), kinds


def _secrets(value: Any, place: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, str):
        if kinds := find_secrets(value):
            yield place or "the whole of it", kinds
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            if kinds := find_secrets("".join(value)):  # a notebook's text, one string for each line
                yield place, kinds
        else:
            for number, item in enumerate(value):
                yield from _secrets(item, f"{place}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            kinds = find_secrets(key)
            if kinds:
                yield f"{place} (a key)", kinds
            if isinstance(item, str | list | dict):
                yield from _secrets(item, f"{place}.***" if kinds else f"{place}.{key}")
