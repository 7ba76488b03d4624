"""The test stage: plays a scenario file in one transaction and takes everything back.

A scenario (migrations/tests/<same name>.sql) is a list of statements, each with a name, an actor
and an expectation; `directives` reads it. Here each statement runs in a savepoint of its own, as
the actor it names. A statement that succeeds keeps its effect for the next ones; one that fails
leaves none. After the last one the transaction is rolled back, and the connection is looked at to
say so.

What a rollback never takes back is not taken back here either: sequences may have moved on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus

from .errors import CheckFailed, Refused
from .findings import FAIL, PASS, Finding
from .resources import query
from .scenarios import actor as actors
from .scenarios.directives import AccessRow, AccessTable, Scenario, ScenarioStep, parse, read
from .scenarios.expectation import Expectation, judge
from .scenarios.trial import absence

__all__ = [
    "AccessRow",
    "AccessTable",
    "Expectation",
    "Played",
    "Scenario",
    "ScenarioStep",
    "parse",
    "play",
    "read",
    "run",
]

CHECK = "scenario"

# The savepoint of one statement is released in the round trip that makes the next one's.
_NEXT = "release savepoint runbook_step; savepoint runbook_step"
_UNDO = "rollback to savepoint runbook_step"

Watch = Callable[[psycopg.Connection, ScenarioStep], None]  # called after what did as expected


@dataclass(slots=True)
class Played:
    """A scenario that has been played.

    Fields:
        scenario: what was played.
        findings: one row a statement, one for deferred constraints and, once everything is taken
            back, one that says so.
        seconds: wall time of each statement, by its name.
        xid: the transaction's own id; rows with this xmin or a later one are the scenario's.
        options: the timeouts it ran under, as (setting, value).
    """

    scenario: Scenario
    findings: list[Finding] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    xid: str = ""
    options: tuple[tuple[str, str], ...] = ()


def run(
    conn: psycopg.Connection,
    scenario: Scenario | Path,
    *,
    statement_timeout_ms: int = 30_000,
    lock_timeout_ms: int = 2_000,
) -> list[Finding]:
    """Play a scenario and roll it back; afterwards nothing of it remains.

    Args:
        conn: an idle connection in autocommit mode, from Target.connect().
        scenario: a file, or what `read` made of it.
        statement_timeout_ms: milliseconds for each statement; running out of them is a FAIL.
        lock_timeout_ms: milliseconds to wait for each lock; the same.

    Returns:
        One Finding per statement, one for deferred constraints, one for the rollback.

    Raises:
        FileInvalid: the file could let a promise go unchecked; nothing ran.
        CheckFailed: the connection broke; the server has rolled everything back.
    """
    with play(
        conn, scenario, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms
    ) as played:
        pass
    return played.findings


@contextmanager
def play(
    conn: psycopg.Connection,
    scenario: Scenario | Path,
    *,
    statement_timeout_ms: int = 30_000,
    lock_timeout_ms: int = 2_000,
    watch: Watch | None = None,
) -> Iterator[Played]:
    """Play a scenario, and hand it over with its rows still there; leaving takes it back.

    The block may look around and try things in savepoints (`access` does); whatever happens in
    it, the transaction is rolled back. Its snapshot is REPEATABLE READ: what others commit
    meanwhile is not seen. `watch` is called after each statement that did as expected, with its
    actor still on the connection; what it does it takes back.
    """
    if isinstance(scenario, Path):
        scenario = read(scenario)
    if conn.info.transaction_status != TransactionStatus.IDLE or not conn.autocommit:
        raise Refused(
            f"{scenario.file} needs an idle connection in autocommit mode.",
            remedy="Close the transaction that is open on it first.",
        )
    options = (
        ("statement_timeout", str(statement_timeout_ms)),
        ("lock_timeout", str(lock_timeout_ms)),
    )
    played = Played(scenario, options=options)
    try:
        before = conn.execute(query("session_state")).fetchone()
        with conn.transaction(force_rollback=True):
            conn.execute("set transaction isolation level repeatable read")
            conn.execute("savepoint runbook_start; savepoint runbook_step")
            played.xid = conn.execute(
                "select pg_catalog.pg_current_xact_id()::xid::text"
            ).fetchone()[0]
            for step in scenario.steps:
                began = time.perf_counter()
                played.findings.append(_step(conn, step, options))
                played.seconds[step.name] = time.perf_counter() - began
                if watch and played.findings[-1].verdict == PASS:
                    watch(conn, step)
            played.findings.append(_deferred(conn, options))
            yield played
        played.findings.append(_nothing_remains(conn, before))
    except psycopg.Error as error:
        if _alive(conn):
            raise
        raise CheckFailed(
            f"The connection was lost while {scenario.file} was running: {_message(error)}",
            state="The server rolls the transaction back: nothing of the scenario remains.",
            remedy="Look at the server's log, then run this again.",
        ) from None


def _step(conn: psycopg.Connection, step: ScenarioStep, options: tuple) -> Finding:
    """One statement, as its actor, in its savepoint."""
    try:
        actors.become(conn, step.actor, first=_next(conn), settings=options)
    except (psycopg.Error, actors.UnknownUser) as error:
        if not _alive(conn):
            raise
        conn.execute(_UNDO)
        return not_asked(step, error)
    try:
        with conn.cursor() as cursor:
            cursor.execute(asked(step), prepare=False)
            return answered(step, cursor)
    except psycopg.Error as error:
        if not _alive(conn):
            raise
        return refused(step, error)


def asked(step: ScenarioStep) -> str:
    """What is sent: the statement, or its plan where that is what is expected of it."""
    text = step.statement.text
    return f"explain (format json) {text}" if step.expect.kind == "index" else text


def answered(step: ScenarioStep, cursor: psycopg.Cursor) -> Finding:
    """What a statement that succeeded means for its expectation."""
    observed, verdict = judge(cursor, step.expect)
    if verdict == FAIL:
        observed += _place(step)
    return Finding(CHECK, step.name, step.expect.text, observed, verdict)


def refused(step: ScenarioStep, error: psycopg.Error) -> Finding:
    """What an error means for it."""
    expected, observed = step.expect.text, f"error {error.sqlstate}: {_message(error)}"
    if step.expect.kind == "error" and step.expect.value == error.sqlstate:
        return Finding(CHECK, step.name, expected, observed, PASS)
    return Finding(CHECK, step.name, expected, observed + _place(step), FAIL)


def _next(conn: psycopg.Connection) -> str:
    """The next statement's savepoint; of one that failed nothing is left in it."""
    failed = conn.info.transaction_status == TransactionStatus.INERROR
    return f"{_UNDO}; {_NEXT}" if failed else _NEXT


def not_asked(step: ScenarioStep, error: Exception) -> Finding:
    """The actor could not be put on: never an answer, not even an expected 42501."""
    said, verdict = absence(error, step.actor)
    said = said.replace("not measured", f"not run: cannot act as {step.actor.label}", 1)
    if verdict == FAIL:
        said += _place(step)
    return Finding(CHECK, step.name, step.expect.text, said, verdict)


def _deferred(conn: psycopg.Connection, options: tuple) -> Finding:
    """Constraints that would speak only at COMMIT are asked now, since no COMMIT comes."""
    try:
        owner = actors.parse("owner")
        actors.become(conn, owner, first=_next(conn), settings=options)
        conn.execute("set constraints all immediate")
    except psycopg.Error as error:
        if not _alive(conn):
            raise
        conn.execute(_UNDO)
        return deferred(error)
    return deferred(None)


def deferred(error: psycopg.Error | None) -> Finding:
    """What came of asking the constraints that wait for a COMMIT."""
    name, expected = "deferred constraints", "none violated"
    if error is not None:
        return Finding(CHECK, name, expected, f"error {error.sqlstate}: {_message(error)}", FAIL)
    return Finding(CHECK, name, expected, "none violated", PASS)


def _nothing_remains(conn: psycopg.Connection, before: tuple) -> Finding:
    """Look, instead of assuming, that the connection is as the scenario found it."""
    if conn.info.transaction_status != TransactionStatus.IDLE:
        said = "a transaction is still open"
        return Finding(CHECK, "rollback", "nothing remains", said, FAIL)
    return remains(before, conn.execute(query("session_state")).fetchone())


def remains(before: tuple, after: tuple) -> Finding:
    """What is left in a session: its role, its advisory locks, its prepared statements."""
    left = []
    if after[0] != before[0]:
        left.append(f"the role is {after[0]} instead of {before[0]}")
    if after[1] != before[1]:
        left.append(f"{after[1] - before[1]} session advisory locks are still held")
    if after[2] != before[2]:
        left.append(f"{after[2] - before[2]} prepared statements are left")
    said = f"rolled back; the connection is idle, its role {before[0]}, and holds no locks of it"
    verdict = FAIL if left else PASS
    return Finding(CHECK, "rollback", "nothing remains", "; ".join(left) or said, verdict)


def _place(step: ScenarioStep) -> str:
    return f" (line {step.line}, as {step.actor.label})"


def _alive(conn: psycopg.Connection) -> bool:
    status = conn.info.transaction_status
    return not (conn.closed or conn.broken or status == TransactionStatus.UNKNOWN)


def _message(error: Exception) -> str:
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return str(error).strip().partition("\n")[0]
