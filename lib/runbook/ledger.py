"""What happened: runbook.events in the target, append-only and hash-chained by the database.

State (what is applied) is the history's; the ledger is its story: who, when, what was seen, and
also what failed. It is created by the first event; looking at a database never creates it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from .audit import people
from .findings import Finding
from .records import journal
from .redact import redact_tree
from .resources import query
from .servers import met

TABLE = "runbook.events"
STARTED, PASSED, FAILED, DONE = "started", "passed", "failed", "done"


@dataclass(frozen=True)
class Event:
    """One row of runbook.events.

    Fields:
        seq, at, hash: place in the chain, the server's clock in UTC, the chain's hash up to here.
        run, operator: which kernel wrote it, and who said to be at it.
        phase, version, stage, state: what it is about.
        detail: what was seen; `findings` among it where the event is a stage's result.
    """

    seq: int
    at: datetime
    run: str
    operator: str
    phase: str
    version: str
    stage: str
    state: str
    detail: dict[str, Any] = field(repr=False)
    hash: str = field(repr=False)

    @property
    def findings(self) -> list[Finding]:
        """The rows that the stage showed when it ran."""
        return [Finding(*row) for row in self.detail.get("findings", [])]

    @property
    def journalled(self) -> dict[str, Any]:
        """As append() gives it, for the journal."""
        return {**vars(self), "at": self.at.isoformat(timespec="microseconds")}


@dataclass(frozen=True)
class Author:
    """Who writes: the run's id and the operator's name; every event carries both."""

    run: str
    operator: str


def exists(conn: psycopg.Connection) -> bool:
    """Whether this database has a ledger, asked now."""
    return met.exists(conn, TABLE)


def ensure(conn: psycopg.Connection) -> None:
    """Create the ledger where it is missing; safe when two operators do so at once."""
    if met.met(conn, TABLE) or exists(conn):
        return
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(hashtextextended('runbook.events', 0))")
        if not exists(conn):
            conn.execute(query("ledger_ensure"))


def append(
    conn: psycopg.Connection,
    author: Author,
    *,
    stage: str,
    state: str,
    phase: str = "",
    version: str = "",
    findings: Iterable[Finding] = (),
    **detail: Any,
) -> dict[str, Any]:
    """Insert one event; part of the caller's transaction, who journals it after the commit.

    Detail passes the redactor: a NOTICE or an error text may hold a secret.

    Returns:
        The event as the journal writes it.
    """
    event = prepared(
        author, stage=stage, state=state, phase=phase, version=version, findings=findings, **detail
    )
    row = conn.execute(
        query("ledger_append"), {**event, "detail": Jsonb(event["detail"])}
    ).fetchone()
    assert row is not None
    return {"seq": row[0], "at": row[1], "hash": row[2], **event}


def prepared(
    author: Author,
    *,
    stage: str,
    state: str,
    phase: str = "",
    version: str = "",
    findings: Iterable[Finding] = (),
    **detail: Any,
) -> dict[str, Any]:
    """An event as it is going to be inserted, what may be secret taken out. As for append()."""
    rows = [list(row) for row in findings]
    if rows:
        detail["findings"] = rows
    # Who approved is what an approval is about; anywhere else an address comes from a row.
    safe = redact_tree if stage in ("approval", "approve") else _for_the_record
    return {
        "run": author.run,
        "operator": author.operator,
        "phase": phase,
        "version": version,
        "stage": stage,
        "state": state,
        "detail": safe(json.loads(json.dumps(detail, default=str))),
    }


def _for_the_record(detail: dict[str, Any]) -> dict[str, Any]:
    return people.hidden(redact_tree(detail))


def record(conn: psycopg.Connection, author: Author, **event: Any) -> None:
    """Append one event in a transaction of its own, and journal it. Arguments as for append()."""
    ensure(conn)
    with conn.transaction():
        written = append(conn, author, **event)
    journal.write(written)


def read(conn: psycopg.Connection, version: str | None = None) -> list[Event]:
    """The events in order, of one migration or of all; none where there is no ledger."""
    rows = met.rows(conn, TABLE, query("ledger_read"), {"version": version})
    return [Event(seq, datetime.fromisoformat(at), *rest) for seq, at, *rest in rows]


def unclosed(conn: psycopg.Connection) -> set[str]:
    """The versions that have events since their last rollback, and no passed checkpoint."""
    return {version for (version,) in met.rows(conn, TABLE, query("ledger_open"), {})}


def broken_at(conn: psycopg.Connection) -> int | None:
    """The first event that does not fit into the chain; None while the chain is intact."""
    row = conn.execute(query("ledger_broken")).fetchone()
    return None if row is None else row[0]


def since_rollback(events: Iterable[Event]) -> list[Event]:
    """The events of one migration that still count: those after its last rollback."""
    counting: list[Event] = []
    for event in events:
        if event.stage == "rollback" and event.state == PASSED:
            counting.clear()
        else:
            counting.append(event)
    return counting


def latest(events: Iterable[Event], stage: str) -> Event | None:
    """The last event of a stage."""
    return next((event for event in reversed(list(events)) if event.stage == stage), None)
