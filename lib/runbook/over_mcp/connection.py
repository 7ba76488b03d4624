"""The reading half of a connection over MCP, shaped like psycopg's: queries are used as they are.

Each statement is a call, a session and a transaction of its own; parameters are bound on this side,
values come back as PostgreSQL writes them and are read by psycopg's own loaders, errors are
psycopg's with SQLSTATE and all. In a transaction() the settings made so far go ahead of every
statement. More than that it does not pretend: a second change in one transaction is refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, Format, TransactionStatus

from ..reading import Part
from . import block, whole
from .transport import CallFailed, Transport

if TYPE_CHECKING:
    from ..access import Measured
    from ..scenarios.directives import Scenario

_TIMEOUT_MS = 60_000
_LOST_S = 20  # beyond the server's own limit: then nobody will answer any more
_PAUSES_S = (0.3, 1.0)  # before a read is sent again
_SLOW_S = 20
_BOOL = 16
_FIELDS = {
    "state": DiagnosticField.SQLSTATE,
    "message": DiagnosticField.MESSAGE_PRIMARY,
    "detail": DiagnosticField.MESSAGE_DETAIL,
    "hint": DiagnosticField.MESSAGE_HINT,
    "context": DiagnosticField.CONTEXT,
    "constraint": DiagnosticField.CONSTRAINT_NAME,
}
_WHO = (
    "select current_setting('server_version_num')::int, current_user::text,"
    " current_database()::text"
)


class NoAnswer(psycopg.OperationalError):
    """A call that nobody answered, or not as it was asked; shown as the runbook's own errors."""

    state = "What was under way is committed as a whole or not at all; looking changes nothing."
    remedy = "Run it again: it looks first."

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}", self.state, self.remedy]


class Connection:
    """See the module; made by Target.connect(). `closed` once the way there is lost.

    Attributes:
        read_only: whether the server is told to refuse every change.
    """

    autocommit, broken = True, False

    def __init__(self, transport: Transport, *, read_only: bool = False) -> None:
        self.transport, self.read_only = transport, read_only
        self.closed = False
        self._settings: list[list[str]] = []
        self._undone = 0
        self._changed = False
        version, user, database = self.execute(_WHO).fetchone() or (0, "", "")
        self.info = SimpleNamespace(
            server_version=version, user=user, dbname=database,
            transaction_status=TransactionStatus.IDLE, backend_pid=0,
        )  # fmt: skip

    def execute(self, sql: Any, parameters: Any = None, *, prepare: Any = None) -> Cursor:
        """Run one statement and return a cursor on its rows."""
        return Cursor(self).execute(sql, parameters)

    def cursor(self) -> Cursor:
        return Cursor(self)

    @contextmanager
    def transaction(self, *, force_rollback: bool = False) -> Iterator[None]:
        """Settings made in the block go ahead of every statement in it, and end with it."""
        outermost = not self._settings
        if outermost:
            self._changed = False
        self._settings.append([])
        self._undone += force_rollback
        try:
            yield
        except BaseException:
            self._settings.pop()
            raise
        else:
            own = self._settings.pop()
            if self._settings and not force_rollback:
                self._settings[-1] += own
        finally:
            self._undone -= force_rollback

    def close(self) -> None:
        self.closed = True  # the server process is shared, and ends with ours

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_at_once(
        self, schemas: Iterable[str] | None, relations: Iterable[str] | None
    ) -> Mapping[str, Part]:
        """The catalog's parts in one call; asked by catalog.snapshot()."""
        return whole.parts(self, schemas, relations)

    def access_at_once(self, played: Scenario, tables: Sequence[str]) -> Measured:
        """A scenario and the access that it leaves; asked where scenarios are played again."""
        from .measuring import access_of

        return access_of(self, played, tables)

    def ask(self, body: str, *, timeout_ms: int = _TIMEOUT_MS, **how: bool) -> dict[str, Any]:
        """Send one block and return what it left in `answer`.

        Raises:
            NoAnswer: none came.
        """
        text = block.sent(body, timeout_ms=timeout_ms, **how)
        try:
            return json.loads(self.transport.call(text, timeout_s=timeout_ms / 1000 + _LOST_S))
        except CallFailed as error:
            self.closed = True
            raise NoAnswer(f"over MCP: {error.said}") from None
        except (TypeError, ValueError):
            raise NoAnswer(
                "over MCP: the statements of one call were not run as one transaction"
            ) from None

    def run(self, sql: str) -> dict[str, Any]:
        """One statement, behind the settings of the transactions it stands in."""
        before = [each for level in self._settings for each in level]
        if self._settings and block.is_setting(sql):
            if not sql.lower().startswith("set transaction"):  # it was taken back before the next
                self._settings[-1].append(sql)
            return {"rows": None, "types": None, "count": 0}
        keep = not self._undone
        changes = not block.reads(sql)
        if self._settings and changes and keep:
            if self._changed:
                raise psycopg.NotSupportedError("a second change in one transaction over MCP")
            self._changed = True
        keep = keep and changes
        try:
            body = block.statement(sql, before=before, keep=keep)
        except block.Unnamed:
            columns = len(self._described(sql, ""))
            body = block.statement(sql, before=before, keep=keep, columns=columns)
        answer = self.ask(body, read_only=self.read_only) if keep else self._read(body)
        if "error" in answer:
            raise as_error(answer["error"])
        return answer

    def _read(self, body: str) -> dict[str, Any]:
        """Ask again where nobody answered: what only looks may run any number of times."""
        for pause_s in (*_PAUSES_S, None):
            began = time.monotonic()
            try:
                return self.ask(body, read_only=self.read_only)
            except NoAnswer:
                # A first call may have the wrong token; a slow one will be slow again.
                slow = time.monotonic() - began > _SLOW_S
                if pause_s is None or slow or not hasattr(self, "info"):
                    raise
            self.closed = False
            time.sleep(pause_s)
        raise AssertionError("unreachable")

    def described(self, sql: str) -> list[tuple[int, int]]:
        """Type and modifier of each column: of a temporary view that is taken back at once."""
        return self._described(
            sql, f"({', '.join(f'c{number}' for number in range(block.width(sql)))})"
        )

    def _described(self, sql: str, names: str) -> list[tuple[int, int]]:
        seen = (
            "select array(select array[atttypid::int8, atttypmod] from pg_catalog.pg_attribute"
            " where attrelid = 'pg_temp.runbook_described'::regclass and attnum > 0"
            " order by attnum)::text"
        )
        before = [each for level in self._settings for each in level]
        view = f"create temporary view runbook_described {names} as {sql}"
        answer = self.ask(block.statement(seen, before=[*before, view], keep=False))
        if "error" in answer:
            raise as_error(answer["error"])
        pairs = json.loads(answer["rows"][0][0].replace("{", "[").replace("}", "]"))
        return [(kind, modifier) for kind, modifier in pairs]


class Cursor:
    """The rows of one statement."""

    def __init__(self, conn: Connection) -> None:
        self._conn, self._sql = conn, ""
        self._rows: list[tuple[Any, ...]] = []
        self._at, self.rowcount = 0, -1

    def execute(self, sql: Any, parameters: Any = None, *, prepare: Any = None) -> Cursor:
        text = sql if isinstance(sql, str) else sql.as_string(None)
        self._sql = block.bound(text, parameters)
        answer = self._conn.run(self._sql)
        kinds, rows = answer["types"], answer["rows"]
        self._rows = loaded(rows or [], kinds)
        self._at = 0
        self.rowcount = len(self._rows) if rows is not None else answer["count"]
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self)

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> tuple[Any, ...]:
        if self._at >= len(self._rows):
            raise StopIteration
        self._at += 1
        return self._rows[self._at - 1]

    @property
    def pgresult(self) -> SimpleNamespace:
        """The columns' types and modifiers, as libpq would tell them."""
        columns = self._conn.described(self._sql)
        return SimpleNamespace(ftype=lambda at: columns[at][0], fmod=lambda at: columns[at][1])

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def loaded(
    rows: Sequence[Sequence[str | None]], kinds: Sequence[int] | None
) -> list[tuple[Any, ...]]:
    """Rows of PostgreSQL's own text as the Python values that psycopg makes of it."""
    if not rows or kinds is None:
        return []
    ours = Transformer()
    load = [
        (lambda value: value == b"true")
        if kind == _BOOL
        else ours.get_loader(int(kind), Format.TEXT).load
        for kind in kinds
    ]
    return [
        tuple(
            None if value is None else read(value.encode())
            for read, value in zip(load, row, strict=True)
        )
        for row in rows
    ]


def as_error(said: Mapping[str, str | None]) -> psycopg.Error:
    """An error that a block caught, as the one that psycopg raises on a direct connection."""
    told = {**said, "context": _without_ours(said.get("context") or "")}
    info = {_FIELDS[key]: value.encode() for key, value in told.items() if key in _FIELDS and value}
    try:
        kind = psycopg.errors.lookup(said["state"] or "")
    except KeyError:
        kind = psycopg.DatabaseError
    return kind(said["message"] or "", info=info)  # type: ignore[arg-type]


def _without_ours(context: str) -> str:
    """The frames of an error without the last two: our block, and the statement that it ran."""
    inner = context.rpartition("PL/pgSQL function inline_code_block")[0]
    return inner.rpartition('SQL statement "')[0].strip()
