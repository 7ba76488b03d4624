"""The folder of records: drafts that are named like records only when they are finished.

A run writes into runs/.unfinished-<name>/ and the folder is renamed to runs/<name>/ at the end, so
a record is there whole or not at all. A lock file beside the draft is held while its run lives: a
draft without a holder belongs to a run that was killed, and is finished by the next one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import Refused, RunbookError

DRAFT = ".unfinished-"
ROOM_BYTES = 16 * 1024 * 1024


class NotArchived(RunbookError):
    """The notebook ran, its outcome is known, and its record is not where it belongs."""


@dataclass(frozen=True)
class Draft:
    """A record that is being written.

    Fields:
        folder: runs/.unfinished-<name>, on the same file system as the record will be.
        name: <utc>_<phase>_<target>_<id>, the record's name.
        lock: held as long as the run lives.
    """

    folder: Path
    name: str
    lock: FileLock


def write(path: Path, text: str | bytes) -> None:
    """Replace a file whole and durably: a reader sees the old text or the new, never half."""
    part = path.with_name(f".{path.name}.part")
    content = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def name(started: datetime, phase: str, target: str) -> str:
    """A name for a record: sorts by time, says what and where, and is never given twice."""
    return "_".join(
        (f"{started:%Y%m%dT%H%M%SZ}", _slug(phase), _slug(target), secrets.token_hex(4))
    )


def begin(runs: Path, record: str, files: Mapping[str, str] | None = None) -> Draft:
    """A locked draft with these files, by name, in it.

    Raises:
        Refused: the folder cannot be written to, or has no room left; nothing was started.
    """
    folder = runs / f"{DRAFT}{record}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(runs).free
        if free < ROOM_BYTES:
            raise OSError(errno.ENOSPC, f"only {free // 1024} KB free")
        lock = _lock(folder)
        lock.acquire(blocking=False)
        folder.mkdir()
        for file, text in (files or {}).items():
            write(folder / file, text)
    except (OSError, Timeout) as error:
        raise Refused(
            f"Records cannot be written to {runs}: {_reason(error)}.",
            remedy="Without a record nothing is run. Make the folder writable, or make room.",
        ) from error
    return Draft(folder, record, lock)


def free_name(draft: Draft) -> str:
    """The draft's name, or where that is taken one with another id."""
    record = draft.name
    while (draft.folder.parent / record).exists():
        record = f"{draft.name.rpartition('_')[0]}_{secrets.token_hex(4)}"
    return record


def finish(draft: Draft, record: str) -> Path:
    """Give the draft its name; never overwrites a record."""
    place = draft.folder.with_name(record)
    draft.folder.rename(place)
    sync(place.parent)
    release(draft)
    return place


def release(draft: Draft) -> None:
    """Let go of the lock; an unfinished draft can then be taken up by the next run."""
    with contextlib.suppress(OSError):
        if not draft.folder.exists():
            Path(draft.lock.lock_file).unlink(missing_ok=True)
        draft.lock.release()


def stale(runs: Path) -> Iterator[Draft]:
    """The drafts whose run no longer lives, each locked for the taker."""
    for folder in sorted(runs.glob(f"{DRAFT}*/")):
        lock = _lock(folder)
        try:
            lock.acquire(blocking=False)
        except (Timeout, OSError):
            continue
        draft = Draft(folder, folder.name.removeprefix(DRAFT), lock)
        try:
            if folder.exists():
                yield draft
        finally:
            release(draft)


def _lock(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f"{folder.name}.lock"), is_singleton=False)


def _slug(text: str) -> str:
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in text)
    return "-".join(part for part in plain.split("-") if part)[:60] or "unnamed"


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")
