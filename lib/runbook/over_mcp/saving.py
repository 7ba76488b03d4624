"""Backup before loss, where no session can lock a table and copy it.

The rows come in pieces, each a call and a moment of its own; COPY's text is made by the server and
held against the server's digest. That the pieces together are what a table holds when it goes is
proved by the text that commits: it locks the tables, counts and hashes their rows, and where these
are not the saved ones, it takes everything back. The files are those of a direct backup.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .. import catalog
from ..errors import NoBackup
from ..findings import FAIL, PASS, Finding
from ..resources import query
from ..way_back.backup import Backup, Counter, Saved, indexed, now, room
from ..way_back.loss import Loss
from . import block
from .connection import Connection
from .sending import reading

# What an answer may be long, and all of them: not known of Supabase's gateway, and kept modest.
PIECE_BYTES = 512 * 1024
MOST_BYTES = 32 * 1024 * 1024
_WAY = "Use the session pooler (port 5432), named as service=NAME or env:VAR; or save the rows"
_WAY += " yourself, and take back with --without-backup."
_START = "(0,0)"
# As COPY writes a value; NULL is \N, and a composite of NULLs is none.
_VALUE = (
    "coalesce(replace(replace(replace(replace("
    "case when num_nulls({0}) = 0 then format('%s', {0}) end,"
    r" E'\\', E'\\\\'), E'\t', E'\\t'), E'\n', E'\\n'), E'\r', E'\\r'), E'\\N')"
)


def save(conn: Connection, folder: Path, loss: Loss, *, version: str, target: str) -> Backup:
    """Write the rows and sequences that go; nothing is locked.

    Raises:
        NoBackup: the disk or the server did not let us, or it is too much; the folder is removed.
    """
    names = [name for name, _, _ in loss.tables]
    try:
        with room(folder), _as_saved(conn):
            require_fit(conn, names)
            tables = tuple(
                _table(conn, folder, number, *each) for number, each in enumerate(loss.tables, 1)
            )
            owned = [row[0] for row in conn.execute(query("backup_sequences"), {"tables": names})]
            states = tuple(_sequence(conn, name) for name in sorted({*owned, *loss.sequences}))
            return indexed(Backup(folder, version, target, now(), tables, states))
    except psycopg.Error as error:
        raise NoBackup(
            f"The rows that would go could not be read: {error.diag.message_primary or error}.",
            remedy="Run this again; does the role own these tables, or bypass their policies?",
        ) from None


def require_fit(conn: Connection, tables: Sequence[str]) -> None:
    """Raise NoBackup where the rows of these tables are more than is fetched over MCP."""
    size = sum(_bytes(conn, table) for table in tables)
    if size > MOST_BYTES:
        raise NoBackup(
            f"The rows that would go are {_megabytes(size)}; over MCP at most"
            f" {_megabytes(MOST_BYTES)} are fetched.",
            remedy=_WAY,
        )


def foreseen(conn: Connection, tables: Iterable[str]) -> list[Finding]:
    """Whether the rows of these tables could be saved over MCP; for a preview."""
    rows = []
    expected = f"at most {_megabytes(MOST_BYTES)} over MCP"
    with _as_saved(conn):
        for table in tables:
            size = _bytes(conn, table)
            observed = _megabytes(size)
            if size > MOST_BYTES:
                observed += f", which is not fetched. {_WAY}"
            verdict = PASS if size <= MOST_BYTES else FAIL
            if size:
                rows.append(Finding("Backup", table, expected, observed, verdict))
    return rows


def held_against(touched: Sequence[str], saved: Backup | None) -> str:
    """PL/pgSQL: lock what the file touches, and stop where its rows are not the saved ones."""
    locks = "\n".join(
        f"execute {block.literal(f'lock table only {table} in exclusive mode')};"
        for table in sorted(touched)
    )
    if saved is None:
        return locks
    counted = [
        f"select {block.literal(each.table)}, (select jsonb_build_array(count(*),"
        f" {_hashed(each.columns)}) from only {each.table} as t)"
        for each in saved.tables
    ]
    counted += [
        f"select {block.literal(each.name)}, (select jsonb_build_array(s.last_value, s.is_called)"
        f" from {each.name} as s)"
        for each in saved.sequences
    ]
    asked = "select jsonb_object_agg(a.key, a.value) from (\n" + "\nunion all\n".join(counted)
    expected: dict[str, Any] = {each.table: [each.rows, each.checksum] for each in saved.tables}
    expected |= {each.name: [each.last_value, each.is_called] for each in saved.sequences}
    return (
        f"{locks}\n{reading(block.literal(f'{asked}) as a (key, value)'), 'rows_now', _SETTINGS)}\n"
        f"if rows_now is distinct from {block.literal(json.dumps(expected))}::jsonb then\n"
        f"answer := '{{\"moved\": true}}';\nraise sqlstate '{block.UNDO}';\nend if;"
    )


_UNSEEN = "set local row_security = off"
# One statement, for PL/pgSQL.
_SETTINGS = catalog.PINNED.rstrip() + ", set_config('row_security', 'off', true)"


@contextmanager
def _as_saved(conn: Connection) -> Iterator[None]:
    """Settings under which a value reads the same whoever asks, and no policy hides a row."""
    with conn.transaction(force_rollback=True):
        conn.execute(catalog.PINNED)
        conn.execute(_UNSEEN)
        yield


def _table(
    conn: Connection, folder: Path, number: int, table: str, fate: str, lost: tuple[str, ...]
) -> Saved:
    described = conn.execute(query("backup_table"), {"table": table}).fetchone()
    assert described is not None
    _, _, columns, computed, key = described
    file, digest, size, rows, hashed = f"{number:03}.copy", hashlib.sha256(), 0, 0, 0
    handle = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written:
        for count, hash_, text in _pieces(conn, table, columns):
            digest.update(text)
            size += written.write(text)
            rows += count
            hashed += hash_
        written.flush()
        os.fsync(written.fileno())
    derived = ""
    if computed:
        asked = f"select {_hashed(computed)} from only {table} as t"
        [[derived]] = conn.execute(asked).fetchall()
    return Saved(
        table, fate, tuple(columns), tuple(computed), tuple(key), lost, rows, str(hashed), derived,
        file, digest.hexdigest(), size,
    )  # fmt: skip


def _pieces(
    conn: Connection, table: str, columns: Sequence[str]
) -> Iterator[tuple[int, int, bytes]]:
    after = _START
    while True:
        asked = query("mcp_save") % {
            "table": table, "columns": _listed(columns), "line": _line(columns),
            "after": block.literal(after), "most": PIECE_BYTES,
        }  # fmt: skip
        row = conn.execute(asked).fetchone()
        assert row is not None
        rows, hashed, place, text, expected = row
        if not rows:
            return
        piece = text.encode()
        if hashlib.sha256(piece).hexdigest() != expected:
            raise NoBackup(
                f"{table}: its rows came over MCP otherwise than the server sent them.",
                remedy=_WAY,
            )
        yield rows, int(hashed), piece
        after = place


def _bytes(conn: Connection, table: str) -> int:
    described = conn.execute(query("backup_table"), {"table": table}).fetchone()
    if described is None:
        return 0
    line = _line(described[2])
    asked = f"select coalesce(sum(octet_length({line}) + 1), 0)::bigint from only {table} as t"
    row = conn.execute(asked).fetchone()
    assert row is not None
    return row[0]


def _sequence(conn: Connection, name: str) -> Counter:
    row = conn.execute(f"select last_value, is_called from {name}").fetchone()
    assert row is not None
    return Counter(name, *row)


def _line(columns: Sequence[str]) -> str:
    # No chain of || : PostgreSQL's parser nests them, and a wide table's would be too deep.
    values = ", ".join(map(_VALUE.format, _quoted(columns)))
    return f"array_to_string(array[{values}]::text[], E'\\t')"


def _hashed(columns: Sequence[str]) -> str:
    return f"coalesce(sum(hashtextextended(row({_listed(columns)})::text, 0)::numeric), 0)::text"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(_quoted(columns))


def _quoted(columns: Sequence[str]) -> list[str]:
    return [sql.Identifier("t", column).as_string(None) for column in columns]


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{size / 1024:.1f} kB"
