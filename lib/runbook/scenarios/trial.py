"""Trying, instead of reading: what one actor gets when it commands SELECT, INSERT, UPDATE, DELETE.

Each attempt is made for real, on rows that a scenario has just inserted, in a savepoint that is
rolled back. An error is read as PostgreSQL orders its checks: privileges first, then BEFORE
triggers, then row-level security, then constraints and unique indexes. So 42501 is a refusal, and
an integrity error (class 23) means that privileges and policies had already let the row through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ..findings import FAIL, SKIP
from . import ground as on
from .actor import Actor
from .ground import Ground

# Takes the attempt before back in the round trip that makes the next one; the caller's savepoint,
# around all attempts of an actor, takes the last one back.
_AGAIN = "rollback to savepoint runbook_try; {}"


class _Tried(NamedTuple):
    """What one statement gave before it was taken back."""

    rows: list[tuple]
    count: int
    error: psycopg.Error | None


@dataclass(slots=True)
class Outcome:
    """What came of one command: the rows it reached, and what there is to say about it.

    Fields:
        reached: positions in Ground.rows.
        note: a refusal that did not come from a privilege or a policy, e.g. a trigger's words.
        undecided: why it could not be measured at all; "" when it was.
    """

    reached: set[int] = field(default_factory=set)
    note: str = ""
    undecided: str = ""

    def passed(self, tried: _Tried) -> bool:
        """Whether one row got through: it was touched, or failed only behind the policies."""
        return tried.count > 0 if tried.error is None else self.take(tried.error)

    def take(self, error: psycopg.Error) -> bool:
        """Read an error; True when the row had passed privileges and policies."""
        code, message = error.sqlstate or "", error.diag.message_primary or str(error)
        by_trigger = "PL/pgSQL function" in (error.diag.context or "")
        if code[:2] in ("40", "53", "55", "57", "58", "XX"):
            self.undecided = f"error {code}: {message}"
        elif by_trigger:
            self.note = f"refused by trigger: {message}"
        elif code.startswith("23"):
            return True
        elif code != "42501":
            self.note = f"refused with error {code}: {message}"
        return False


def attempt(conn: psycopg.Connection, ground: Ground, role: str) -> dict[str, Outcome]:
    """All four commands, by command, as the actor that is on the connection now.

    The last attempt is left to the caller to take back, with all others: by rolling back to a
    savepoint from before.
    """
    conn.execute("savepoint runbook_try")
    return {command: by(conn, ground, role) for command, by in TRIALS.items()}


def absence(error: Exception, actor: Actor | None = None) -> tuple[str, str]:
    """Why nothing was measured of an actor that could not be put on, and what that means.

    An API's role may be missing where there is no API; one that the file calls its own may not.
    """
    code, own = getattr(error, "sqlstate", None), actor is not None and actor.own
    said = str(error).strip().partition("\n")[0]
    if own and code == "42501":
        said += f" (who migrates has to be in it: grant {actor.role} to …)"
    absent = code in ("22023", "42P01") and not own
    return f"not measured: {said}", SKIP if absent else FAIL


def _try(conn: psycopg.Connection, statement: Composed, *, then: Composed | None = None) -> _Tried:
    """Run a statement, then perhaps a look by the owner at what it did, and take it back."""
    if tries := getattr(conn, "tries", None):
        return _Tried(*tries(statement, then))  # where no transaction stays open to try it in
    rows, count, failure = [], 0, None
    try:
        with conn.cursor() as cursor:
            cursor.execute(SQL(_AGAIN).format(statement), prepare=False)
            cursor.nextset()
            count = cursor.rowcount
            if then is not None:
                cursor.execute(SQL("reset role; set local row_security = off; {}").format(then))
                cursor.nextset()
                cursor.nextset()
            rows = cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        if conn.closed or conn.broken:
            raise
        failure = error
    return _Tried(rows, count, failure)


def _read(conn: psycopg.Connection, ground: Ground, role: str) -> Outcome:
    outcome = Outcome()
    readable, key = ground.allowed(role, "SELECT"), ground.key()
    if key and set(key) <= set(readable):
        tried = _try(conn, on.select(ground, key))
        if tried.error is None:
            outcome.reached = on.positions(ground, key, tried.rows)
        else:
            outcome.take(tried.error)
        return outcome
    for at in range(len(ground.rows)):
        where = on.where(ground, at, readable)
        tried = _try(conn, SQL("select 1 from {} {} limit 1").format(ground.table, where))
        if tried.error is not None:
            outcome.take(tried.error)
            break
        if tried.rows:
            outcome.reached.add(at)
    return outcome


def _insert(conn: psycopg.Connection, ground: Ground, role: str) -> Outcome:
    """A copy of each row as it is, with the columns that this role may write."""
    outcome = Outcome()
    plain = [at for at, column in enumerate(ground.columns) if not column.generated]
    granted = [at for at in ground.allowed(role, "INSERT") if at in plain]
    columns = granted or plain
    names = SQL(", ").join(Identifier(ground.columns[at].name) for at in columns)
    into = SQL("insert into {} ({}) overriding system value values ({})")
    for at, (_, values) in enumerate(ground.rows):
        copy = SQL(", ").join(Literal(values[column]) for column in columns)
        tried = _try(conn, into.format(ground.table, names, copy))
        if outcome.passed(tried):
            outcome.reached.add(at)
        if outcome.undecided or not granted:
            break
    return outcome


def _update(conn: psycopg.Connection, ground: Ground, role: str) -> Outcome:
    """`set c = c`, on the least tied column that this role may write."""
    readable = ground.allowed(role, "SELECT")
    granted = [
        at
        for at in ground.allowed(role, "UPDATE")
        if not ground.columns[at].generated and not ground.columns[at].identity_always
    ]
    granted.sort(key=lambda at: (at not in readable, ground.columns[at].tied, at))
    column = granted[0] if granted else 0
    name = Identifier(ground.columns[column].name)

    def command(at: int, *, own: bool) -> Composed:
        value = name if own and column in readable else Literal(ground.rows[at][1][column])
        return SQL("update {} set {} = {}").format(ground.table, name, value)

    return _write(conn, ground, readable, command, together=column in readable)


def _delete(conn: psycopg.Connection, ground: Ground, role: str) -> Outcome:
    def command(_at: int, *, own: bool) -> Composed:
        return SQL("delete from {}").format(ground.table)

    return _write(conn, ground, ground.allowed(role, "SELECT"), command, together=True)


def _write(conn, ground: Ground, readable: list[int], command, *, together: bool) -> Outcome:
    """All rows at once; one by one where that fails; and without WHERE where WHERE sees too few."""
    outcome, key = Outcome(), ground.key()
    if together and key and set(key) <= set(readable):
        statement = SQL("{} where {} returning {}").format(
            command(0, own=True), on.among(ground, key), on.names(ground, key)
        )
        tried = _try(conn, statement)
        if tried.error is None:
            outcome.reached = on.positions(ground, key, tried.rows)
            return _blind(conn, ground, command(0, own=False), outcome)
    for at in range(len(ground.rows)) if readable else ():
        where = on.where(ground, at, readable)
        tried = _try(conn, SQL("{} {}").format(command(at, own=True), where))
        if outcome.passed(tried):
            outcome.reached.add(at)
        if outcome.undecided:
            return outcome
    return _blind(conn, ground, command(0, own=False), outcome)


def _blind(conn: psycopg.Connection, ground: Ground, statement: Composed, outcome: Outcome):
    """A command that reads no column needs no SELECT right, and no SELECT policy stops it."""
    if len(outcome.reached) == len(ground.rows):
        return outcome
    if ground.size > on.COUNTED:
        outcome.note = outcome.note or f"not tried without WHERE on more than {on.COUNTED} rows"
        return outcome
    places = SQL(", ").join(SQL("({}, {})").format(*map(Literal, at)) for at, _ in ground.rows)
    untouched = SQL("select tableoid::text, ctid::text from {} where (tableoid, ctid) in ({})")
    tried = _try(conn, statement, then=untouched.format(ground.table, places))
    if tried.error is not None:
        # Which row a constraint stopped is unknown; where some are known to be reached, no news.
        if outcome.take(tried.error) and not outcome.reached:
            outcome.reached = {0}
            outcome.note = "at least one row was let through by a command without WHERE"
        return outcome
    left = set(tried.rows)
    touched = {at for at, (place, _) in enumerate(ground.rows) if place not in left}
    if touched - outcome.reached:
        outcome.reached |= touched
        outcome.note = "by a command without WHERE, which needs no right to read"
    return outcome


TRIALS = {"select": _read, "insert": _insert, "update": _update, "delete": _delete}
