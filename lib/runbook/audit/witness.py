"""What the target says: of itself when a run begins, of its ledger when the run's record is closed.

The record's manifest keeps the answers, and the ledger keeps the manifest's digest: an event of the
stage `record`. So a record that disappears shows in the target, and a ledger that was rewound shows
in the records. Nothing is written by a run that wrote nothing: looking changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from .. import checkpoint, history, ledger, plan_file
from ..errors import RunbookError
from ..ledger import DONE, Author
from ..notebook_names import VALIDATION
from ..plan import Migration, Plan
from ..redact import redact
from ..resources import query
from ..target import Target, identify
from . import chain, manifest, people

STAGE = "record"


@dataclass(frozen=True)
class Answer:
    """What the target said, or why it said nothing.

    Fields:
        server: identity and version; holds `why` instead when it could not be asked.
        ledger: the first event's hash, and place and hash of the last; None where there is none.
        log: the execution log's entries for the migrations that the run was about.
    """

    server: Mapping[str, Any]
    ledger: Mapping[str, Any] | None = None
    log: Sequence[Mapping[str, Any]] = ()


def identity(target: Target | None) -> dict[str, Any]:
    """The server behind a target, as manifests name it."""
    if target is None:
        return {"why": "the run was started without asking the target"}
    try:
        with target.connect(purpose="record") as conn:
            if ledger.exists(conn):
                people.know(row[0] for row in conn.execute(query("ledger_operators")))
            return _server(conn)
    except (RunbookError, psycopg.Error) as error:
        return {"why": redact(str(error).splitlines()[0])}


def ask(target: Target | None, document: Mapping[str, Any], events: Sequence[Any]) -> Answer:
    """Ask the target at the end of a run; an answer is optional, so nothing is raised."""
    if target is None:
        return Answer({})
    try:
        with target.connect(purpose="record") as conn:
            log = list(_log(conn, target.project, document["phase"], events))
            return Answer(_server(conn), head(conn), log)
    except (RunbookError, psycopg.Error) as error:
        return Answer({"why": redact(str(error).splitlines()[0])})


def head(conn: psycopg.Connection) -> dict[str, Any] | None:
    """The ledger's two ends; None where there is no ledger, or an empty one."""
    if not ledger.exists(conn):
        return None
    row = conn.execute(query("ledger_ends")).fetchone()
    return None if row is None else dict(zip(("first", "last", "hash"), row, strict=True))


def attest(target: Target, runs: Path) -> int:
    """Write the `record` event of each record that wrote to this ledger and has none yet.

    Also of those whose run was killed before it came to it.

    Returns:
        How many were written.

    Raises:
        RunbookError, psycopg.Error: the target cannot be asked or written to; the records stay.
    """
    lines = chain.records(chain.read(runs))
    with target.connect(purpose="record") as conn:
        if not lines or not ledger.exists(conn):
            return 0
        key = _server(conn)["key"]
        known = {row[0] for row in conn.execute(query("ledger_records"))}
        missing = [
            line
            for line in lines
            if line.value.get("server") == key
            and line.value.get("wrote")
            and line.manifest not in known
        ]
        return sum(_attested(conn, runs, line) for line in missing)


def _attested(conn: psycopg.Connection, runs: Path, line: chain.Line) -> bool:
    """Write one event; only into the ledger that holds the run's own last event."""
    wrote = line.value["wrote"]
    with contextlib.suppress(OSError, ValueError):
        said = manifest.read(runs / line.record)["predicate"]
        with conn.transaction():
            if conn.execute(query("ledger_holds"), [wrote["last"], wrote["hash"]]).fetchone():
                ledger.append(
                    conn,
                    Author(said["id"], said["operator"]["name"][:60]),
                    stage=STAGE,
                    state=DONE,
                    record=line.record,
                    manifest=line.manifest,
                    archive=said["archive"],
                    outcome=said["outcome"],
                )
                return True
    return False


def _server(conn: psycopg.Connection) -> dict[str, Any]:
    found = identify(conn)
    return {
        "key": found.key,
        "database": found.database,
        "role": found.role,
        "version": found.version,
    }


def _log(
    conn: psycopg.Connection, project: Path, phase: str, events: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    plan = plan_file.read_plan(project)
    there = history.classify(plan, history.read(conn))
    for migration in _about(plan, phase, events):
        number = plan.migrations.index(migration) + 1
        held = there.holds(migration.version)
        told = ledger.read(conn, migration.version)
        entry = checkpoint.entry(number, migration, told, held=held)
        yield {
            "number": number,
            "migration": migration.name,
            "version": migration.version,
            "risk": migration.risk,
            "status": entry.status,
            "started": checkpoint.when(entry.started),
            "completed": checkpoint.when(entry.completed),
            "issues": list(entry.issues),
            "tests": entry.tests,
            "access": entry.access,
            "operators": list(entry.operators),
        }


def _about(plan: Plan, phase: str, events: Sequence[Any]) -> list[Migration]:
    """The migrations that a run was about: its phase's, or those that its events name."""
    if f"{phase}.ipynb" == VALIDATION:
        return list(plan.migrations)
    for each in plan.phases:
        if phase in (each.id, Path(each.notebook).stem):
            return list(each.migrations)
    named = {event["version"] for event in events}
    return [migration for migration in plan.migrations if migration.version in named]
