"""A driver that kills: engine and server die by SIGKILL at a chosen place of a migration.

The victim is a forked process that runs the real engine on the real server. It kills itself (or the
server) at a statement's boundary, or at a moment around the commit; or it is killed from outside at
a random instant. Afterwards the database is asked what is true.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runbook import apply as engine
from runbook import catalog, embedded, history, ledger, rollback
from runbook.apply import apply
from runbook.applying import lock
from runbook.applying.parts import apply_in_parts
from runbook.applying.waiting import Limits, Progress
from runbook.errors import RunbookError
from runbook.ledger import Author, latest, since_rollback
from runbook.plan import Migration
from runbook.postgres import postmaster, seat
from runbook.records import journal
from runbook.target import Target

# Places of a migration beyond its statements: after the last one, with the history row and the
# event written, and after COMMIT was answered.
LAST, WRITTEN, COMMITTED = "after the last statement", "before COMMIT", "after COMMIT"
ENGINE, SERVER = "engine", "server"
SAVING = "saving"  # of a rollback: the rows are about to be copied


@dataclass(frozen=True)
class Seen:
    """What is true after a kill.

    Fields:
        applied: whether the history holds the version.
        fingerprint: of the catalog.
        exit: of the victim: -9 when it was killed, else the exit code of its error.
    """

    applied: bool
    fingerprint: str
    exit: int


def run(target: Target, migration: Migration, report: Callable[[Progress], None]) -> None:
    """What a cell does: under the lock, unless somebody was faster."""
    with lock.hold(target, "victim"), target.connect(purpose="victim") as conn:
        history.ensure(conn)
        ledger.ensure(conn)
        if any(row.version == migration.version for row in history.read(conn)):
            return
        work = apply if migration.script.transactional else apply_in_parts
        work(target, conn, migration, Author("crash", "victim"), Limits(), report)


def finish(target: Target, migration: Migration) -> None:
    """The next run, after whatever happened."""
    run(target, migration, lambda progress: None)


def kill_at(target: Target, migration: Migration, place: int | str, what: str = ENGINE) -> Seen:
    """Fork a victim that kills the engine (itself) or the server before statement `place`."""

    def strike() -> None:
        if what == ENGINE:
            os.kill(os.getpid(), signal.SIGKILL)
        kill_server(target)

    def victim() -> None:
        def report(progress: Progress) -> None:
            if progress.number == place:
                strike()

        _arm(place, strike)
        run(target, migration, report)

    return _seen(target, migration, wait(fork(victim)))


def kill_rollback(target: Target, migration: Migration, place: str, folder: Path) -> Seen:
    """Fork a victim that takes a migration back and kills itself while it saves rows, or later."""

    def strike() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def victim() -> None:
        def report(progress: Progress) -> None:
            if place == SAVING and progress.waiting.startswith(SAVING):
                strike()

        _arm(place, strike)
        with target.connect(purpose="victim") as conn:
            rollback.take_back(
                target, conn, migration, Author("crash", "victim"), Limits(), report, folder=folder
            )

    return _seen(target, migration, wait(fork(victim)))


def kill_within(target: Target, migration: Migration, seconds: float) -> Seen:
    """Kill the victim from outside, so long after its last statement was sent."""
    reader, writer = os.pipe()

    def victim() -> None:
        def report(progress: Progress) -> None:
            if progress.number == progress.total > 0:
                os.write(writer, b".")

        run(target, migration, report)

    child = fork(victim)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return _seen(target, migration, wait(child))


def kill_server(target: Target) -> None:
    """SIGKILL the postmaster; its backends notice and go."""
    place = seat.find(embedded.home(target.project))
    number = postmaster.pid(place.data)
    if number is not None:
        os.kill(number, signal.SIGKILL)


def require_agreement(target: Target, migration: Migration, before: str, seen: Seen) -> None:
    """No half-applied migration; history, ledger and catalog tell one story."""
    with target.connect() as conn:
        events = since_rollback(ledger.read(conn, migration.version))
        assert ledger.broken_at(conn) is None, "the ledger's chain is broken"
    done = latest((e for e in events if e.state == ledger.PASSED), "apply")
    assert seen.applied == (done is not None), "history and ledger disagree"
    if done is not None:
        assert seen.fingerprint == done.detail["catalog"], "applied, but not as it was committed"
        assert done.detail["before"] == before
    elif migration.script.transactional:
        assert seen.fingerprint == before, "not applied, and something of it is there"


def places(migration: Migration) -> list[int | str]:
    """Every place at which a migration can be interrupted, in order."""
    return [*range(1, len(migration.script.statements) + 1), LAST, WRITTEN, COMMITTED]


def sample(chance: random.Random, migration: Migration, count: int) -> list[int | str]:
    """Some of them, in order; the same ones for the same seed."""
    every = places(migration)
    return sorted(chance.sample(every, min(count, len(every))), key=every.index)


def _arm(place: int | str, strike: Callable[[], None]) -> None:
    """Strike at a place that is no statement; in the forked victim only."""
    if place == LAST:
        engine.settled = _before(strike, engine.settled)
    elif place == WRITTEN:
        ledger.append = _after(strike, ledger.append)
    elif place == COMMITTED:
        journal.write = _before(strike, journal.write)


def _before(strike: Callable, work: Callable) -> Callable:
    def struck(*given, **named):
        strike()
        return work(*given, **named)

    return struck


def _after(strike: Callable, work: Callable) -> Callable:
    def struck(*given, **named):
        made = work(*given, **named)
        strike()
        return made

    return struck


def fork(victim: Callable[[], None]) -> int:
    """Run it in a process of its own, which ends with the exit code of its error."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        victim()
        code = 0
    except RunbookError as error:
        code = error.exit_code
    except BaseException:
        code = 1
    finally:
        os._exit(code)  # nothing of pytest may run in here


def wait(child: int) -> int:
    """The exit code; negative is the signal that killed it."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _seen(target: Target, migration: Migration, code: int) -> Seen:
    """What is true once the victim's backends have gone; its last words may still be on the way."""
    with target.connect() as conn:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            [(alive,)] = conn.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and application_name ~ 'victim'"
            ).fetchall()
            if not alive:
                break
            time.sleep(0.02)
        held = any(row.version == migration.version for row in history.read(conn))
        return Seen(held, catalog.fingerprint(catalog.snapshot(conn)), code)


def fingerprint(target: Target) -> str:
    """Of the catalog as it is now."""
    with target.connect() as conn:
        return catalog.fingerprint(catalog.snapshot(conn))
