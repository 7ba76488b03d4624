"""Waiting for locks: who is in the way, and when to give way to others.

A migration that waits for a lock stops everybody who queues behind it. So it never waits longer
than lock_timeout, pauses, and tries again; whom it waits for is seen from a second session, because
a lock's waiters and holders show only while somebody waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from ..errors import LockTimeout, Refused, RunbookError
from ..redact import redact
from ..resources import query
from ..servers.pooler import backend_pid
from ..target import Target

RETRIES = 8
# Rolled back by the server for reasons that pass: lock not available, deadlock, serialization.
PASSING = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
_LONGEST_POLL_S = 0.25
T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How long anything may take.

    Fields:
        lock_timeout_ms: for each lock, before giving way to the traffic that queues behind us.
        statement_timeout_ms: for each statement.
        retries: after a lock timeout, with growing pauses.
    """

    lock_timeout_ms: int = 2_000
    statement_timeout_ms: int = 900_000
    retries: int = RETRIES

    def __post_init__(self) -> None:
        for name in ("lock_timeout_ms", "statement_timeout_ms"):
            if getattr(self, name) < 1:
                # PostgreSQL reads 0 as "for ever", and everybody would queue behind us.
                raise Refused(
                    f"{name} is {getattr(self, name)}: it must be a positive number of ms.",
                    remedy="The default is 2000 for locks and 900000 for statements.",
                )


@dataclass(frozen=True)
class Progress:
    """What is running now: statement `number` of `total`; `waiting` says for what, if it waits."""

    number: int
    total: int
    title: str
    waiting: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Blocker:
    """A session that holds a lock which another one waits for.

    Fields:
        pid, role, application, state: of pg_stat_activity; pid 0 is a prepared transaction.
        seconds: for how long its transaction has been open; None where it may not be known.
        statement: what it runs, or ran last, shortened.
    """

    pid: int
    role: str | None
    application: str | None
    state: str | None
    seconds: float | None
    statement: str | None

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        who = ", ".join(
            word for word in (f"pid {self.pid}", f"role {self.role}", self.application) if word
        )
        age = "" if self.seconds is None else f" for {self.seconds:.0f} s"
        last = f": {redact(self.statement)}" if self.statement else ""
        return f"{who} ({self.state or 'state unknown'}{age}{last})"


class Watch:
    """What a second session has seen of those who block a first one."""

    def __init__(self) -> None:
        self.blockers: tuple[Blocker, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.blockers))


@contextmanager
def watched(
    target: Target, conn: psycopg.Connection, limits: Limits, report: Report
) -> Iterator[Watch]:
    """Look from a second session, for as long as the block runs, at who blocks `conn`.

    Each change of the blockers is reported. A watch that cannot connect sees nothing and says
    nothing: it must never be the reason why a migration fails.
    """
    watch, over = Watch(), threading.Event()
    # Often enough to see a wait before lock_timeout ends it.
    pause_s = min(max(limits.lock_timeout_ms / 4_000, 0.03), _LONGEST_POLL_S)
    arguments = (target, backend_pid(conn), watch, over, pause_s, report)
    thread = threading.Thread(target=_look, args=arguments, name="blockers", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join(timeout=5)


def _look(
    target: Target, pid: int, watch: Watch, over: threading.Event, pause_s: float, report: Report
) -> None:
    if over.wait(pause_s):
        return  # most migrations are through before there is anything to see
    try:
        with target.connect(purpose="watch") as conn:
            while not over.wait(pause_s):
                rows = conn.execute(query("blockers"), {"pid": pid}).fetchall()
                found = tuple(Blocker(*row) for row in rows)
                if found and {b.pid for b in found} != {b.pid for b in watch.blockers}:
                    report(Progress(0, 0, "", f"waiting for {'; '.join(map(str, found))}"))
                watch.blockers = found or watch.blockers
    except (psycopg.Error, RunbookError):
        return


def giving_way(
    file: str, limits: Limits, report: Report, watch: Watch, attempt: Callable[[int], T]
) -> T:
    """Run `attempt(number)`, each a whole transaction, until one is not stopped by others.

    Args:
        file: shown in the error.
        attempt: raises one of PASSING when it was stopped, and has been rolled back then.

    Raises:
        LockTimeout: after the last retry; names whoever was in the way.
    """
    number = 0
    while True:
        number += 1
        try:
            return attempt(number)
        except PASSING as error:
            if number > limits.retries:
                raise _gave_way(file, error, number, watch) from None
            # Jittered, so that two runners that gave way to each other do not meet again.
            pause_s = min(0.1 * 2**number, 5.0) * random.uniform(0.5, 1.5)
            blocked = f", held by {watch}" if watch.blockers else ""
            words = f"retry {number} of {limits.retries} in {pause_s:.1f} s{blocked}"
            report(Progress(0, 0, "", words))
            time.sleep(pause_s)


def _gave_way(file: str, error: psycopg.Error, attempts: int, watch: Watch) -> LockTimeout:
    held = f" In the way: {watch}." if watch.blockers else ""
    return LockTimeout(
        f"{file}: {error.diag.message_primary} (SQLSTATE {error.sqlstate}),"
        f" {attempts} attempt{'s' * (attempts != 1)}.{held}",
        remedy="Wait for them, or ask them to end their transaction; then run this cell again."
        if held
        else "Find who holds the table (`select * from pg_stat_activity where xact_start is not"
        " null order by xact_start`), wait or ask them; then run this cell again.",
    )
