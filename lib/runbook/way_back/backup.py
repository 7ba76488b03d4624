"""Backup before loss: the rows that a rollback takes away, on disk before it takes them.

Each table becomes one COPY file with its sha256, its row count and a checksum that the server
worked out over the same rows; `index.json` names them all. The tables are locked against writers by
the transaction that will drop them, so no row can be written between backup and drop; everything is
synced before that transaction runs its first statement. docs/decisions/0008 says why COPY.

A backup holds rows as they are, personal ones too: its folder is for its owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .. import catalog
from ..errors import NoBackup
from ..in_hand.baseline import measure_table
from ..records import archive
from ..resources import query

INDEX = "index.json"
SCHEMA = 1
DROPPED, KEPT = "dropped", "kept"


@dataclass(frozen=True)
class Saved:
    """One table in a backup.

    Fields:
        table: schema-qualified, quoted where needed.
        fate: dropped with its rows, or kept and losing some.
        columns: those that can be written back, in order; `computed` are the generated ones.
        key: the primary key's columns; empty where there is none.
        lost: columns that go from a table that is kept.
        rows, checksum: of the writable columns; `checksum_computed` of the generated ones.
        file, sha256, bytes: the COPY file, in text format.
    """

    table: str
    fate: str
    columns: tuple[str, ...]
    computed: tuple[str, ...]
    key: tuple[str, ...]
    lost: tuple[str, ...] = ()
    rows: int = 0
    checksum: str = ""
    checksum_computed: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Counter:
    """A sequence's state: identity and serial columns continue where they were."""

    name: str
    last_value: int
    is_called: bool


@dataclass(frozen=True)
class Backup:
    """What one rollback would have lost.

    Fields:
        folder: where it lies.
        version, target: of the migration, and where it was taken back.
        tables, sequences: what is in it.
    """

    folder: Path
    version: str
    target: str
    at: str
    tables: tuple[Saved, ...]
    sequences: tuple[Counter, ...] = ()

    def detail(self) -> dict[str, Any]:
        """What the ledger's event keeps: enough to find the files and to know them again."""
        return {
            "folder": shown(self.folder),
            "tables": {
                t.table: {"rows": t.rows, "checksum": t.checksum, "sha256": t.sha256}
                for t in self.tables
            },
        }


def place(project: Path, version: str) -> Path:
    """The folder for a backup: in the run's record, else below runs/backups/."""
    record = os.environ.get("RUNBOOK_RECORD")
    if record:
        return Path(record) / "backup" / version
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}_{version}_{secrets.token_hex(4)}"
    return project / "runs" / "backups" / name


def shown(folder: Path) -> str:
    """A backup's folder as people know it, under the name that its record will have."""
    parts = folder.parts
    below = parts[parts.index("runs") :] if "runs" in parts else parts
    return "/".join(part.removeprefix(archive.DRAFT) for part in below)


def lock(conn: psycopg.Connection, tables: Iterable[str]) -> None:
    """Keep writers out of these tables until the transaction ends; readers go on."""
    for table in sorted(tables):
        conn.execute(sql.SQL("lock table only {} in exclusive mode").format(_literally(table)))


def save(
    conn: psycopg.Connection,
    folder: Path,
    tables: Sequence[tuple[str, str, tuple[str, ...]]],
    *,
    version: str,
    target: str,
    more_sequences: Iterable[str] = (),
) -> Backup:
    """Write the rows of these tables; inside the caller's transaction, which has locked them.

    Args:
        folder: made here; must not exist.
        tables: (qualified name, fate, columns that go).
        more_sequences: qualified names of sequences that go by themselves.

    Raises:
        NoBackup: the disk or the server did not let us; the folder is removed.
    """
    with room(folder):
        # Rolled back: that alone gives the caller's settings back. The locks are older and stay.
        with conn.transaction(force_rollback=True):
            conn.execute(catalog.PINNED)
            conn.execute("set local row_security = off")
            conn.execute("set local client_encoding = 'UTF8'")
            saved = tuple(_table(conn, folder, n, item) for n, item in enumerate(tables, start=1))
            names = [row[0] for row in conn.execute(
                query("backup_sequences"), {"tables": [item.table for item in saved]}
            )]  # fmt: skip
            states = tuple(_sequence(conn, n) for n in sorted({*names, *more_sequences}))
        return indexed(Backup(folder, version, target, now(), saved, states))


def now() -> str:
    """The time, as a backup says when it was made."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def indexed(made: Backup) -> Backup:
    """The same backup, after its index was written and everything is on the disk."""
    document = {"schema": SCHEMA, **asdict(made), "folder": shown(made.folder)}
    archive.write(made.folder / INDEX, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    for path in (made.folder, made.folder.parent, made.folder.parent.parent):
        archive.sync(path)
    return made


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """A folder for its owner only, gone again where the block fails.

    Raises:
        NoBackup: the disk did not let us.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o700)
        yield
    except OSError as error:
        discard(folder)
        raise NoBackup(
            f"The rows that would go cannot be saved to {shown(folder)}: "
            f"{(error.strerror or str(error)).rstrip('.')}.",
            remedy="Make room, or make the folder writable; then run this again.",
        ) from None
    except BaseException:
        discard(folder)
        raise


def read(folder: Path) -> Backup:
    """The backup in a folder, its files held against their digests.

    Raises:
        NoBackup: there is none, or a file is not what was written.
    """
    try:
        document = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError("another version of the runbook wrote it")
        tables = tuple(
            Saved(**{k: tuple(v) if isinstance(v, list) else v for k, v in item.items()})
            for item in document["tables"]
        )
        states = tuple(Counter(**item) for item in document["sequences"])
        for item in tables:
            with (folder / item.file).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != item.sha256:
                raise ValueError(f"{item.file} is not what was written (sha256 {found[:16]}…)")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoBackup(
            f"{shown(folder)} holds no backup that can be trusted: {error}.",
            remedy="`runbook audit list` names the records; rollbacks hold a folder backup/.",
        ) from None
    return Backup(
        folder, document["version"], document["target"], document["at"], tables, states
    )  # fmt: skip


def discard(folder: Path) -> None:
    """Remove the backup of a rollback that did not happen: its rows are still in the database."""
    shutil.rmtree(folder, ignore_errors=True)


def _table(
    conn: psycopg.Connection, folder: Path, number: int, item: tuple[str, str, tuple[str, ...]]
) -> Saved:
    table, fate, lost = item
    row = conn.execute(query("backup_table"), {"table": table}).fetchone()
    assert row is not None
    schema, name, columns, computed, key = row
    measured = measure_table(conn, schema, name, columns)
    derived = measure_table(conn, schema, name, computed).checksum if computed else ""
    made = Saved(
        table, fate, tuple(columns), tuple(computed), tuple(key), lost,
        measured.rows or 0, measured.checksum or "", derived or "", f"{number:03}.copy",
    )  # fmt: skip
    return _copied(conn, folder, made)


def _copied(conn: psycopg.Connection, folder: Path, made: Saved) -> Saved:
    digest, size = hashlib.sha256(), 0
    statement = sql.SQL("copy (select {} from only {}) to stdout").format(
        sql.SQL(", ").join(map(sql.Identifier, made.columns)), _literally(made.table)
    )
    handle = os.open(folder / made.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file, conn.cursor() as cursor:
        with cursor.copy(statement) as blocks:
            for block in blocks:
                digest.update(block)
                size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
        if cursor.rowcount != made.rows:
            raise NoBackup(f"{made.table}: {made.rows} rows counted, {cursor.rowcount} copied.")
    return replace(made, sha256=digest.hexdigest(), bytes=size)


def _sequence(conn: psycopg.Connection, name: str) -> Counter:
    statement = sql.SQL("select last_value, is_called from {}").format(_literally(name))
    row = conn.execute(statement).fetchone()
    assert row is not None
    return Counter(name, *row)


def _literally(name: str) -> sql.SQL:
    """A name that the server itself has quoted."""
    return sql.SQL(name)  # type: ignore[arg-type]
