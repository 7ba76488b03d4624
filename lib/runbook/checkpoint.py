"""Checkpoint: the ledger's entry for one migration, in the form of the plan's execution log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .findings import FAIL, PASS, SKIP, WARN, Finding, failed
from .guide import remedies
from .in_hand import issues
from .ledger import DONE, FAILED, PASSED, Event, latest, since_rollback
from .plan import Migration

STAGES = ("precheck", "apply", "verify", "test")


@dataclass(frozen=True)
class Entry:
    """One migration in the execution log.

    Fields:
        number: its place in the plan, from 1.
        status: Pending · In progress · Failed · Applied · Completed · Rolled back.
        started, completed: the server's clock; None while there is nothing to say.
        issues: failures and notes, oldest first; then the issues that operators opened.
        tests: "24 of 24 passed", or why there is nothing to count.
        access: what changed in access since it was measured last, in words.
        operators: everyone who worked on it.
    """

    number: int
    migration: Migration
    status: str
    started: datetime | None
    completed: datetime | None
    issues: tuple[str, ...]
    tests: str
    access: str
    operators: tuple[str, ...]


def missing(events: Sequence[Event], sha256: str) -> list[Finding]:
    """What a checkpoint asks for: each stage passed, on the file as it is now."""
    counting = since_rollback(events)
    rows = []
    for stage in STAGES:
        last = latest(counting, stage)
        if last is None:
            observed, verdict = "not run", FAIL
        elif last.state not in (PASSED, DONE):
            observed, verdict = last.state, FAIL
        elif last.detail.get("sha256", sha256) != sha256:
            observed, verdict = "passed on an earlier version of the file", FAIL
        else:
            observed, verdict = _words(last), _verdict(last)
        rows.append(Finding("Stage", stage, "passed", observed, verdict))
    return rows


def entry(number: int, migration: Migration, events: Sequence[Event], *, held: bool) -> Entry:
    """The execution log's entry, read from the ledger.

    Args:
        held: whether the history holds the version.
    """
    counting = since_rollback(events)
    started = next((e.at for e in counting if e.stage == "apply"), None)
    done = latest(counting, "checkpoint")
    done = done if done and done.state == PASSED else None
    last = next((e for e in reversed(counting) if e.stage in (*STAGES, "checkpoint")), None)
    if done:
        status = "Completed"
    elif last is not None and last.state == FAILED:
        status = "Failed"
    elif held:
        status = "Applied"
    elif any(e.stage == "rollback" and e.state == PASSED for e in events):
        status = "Rolled back"
    else:
        status = "In progress" if counting else "Pending"
    return Entry(
        number=number,
        migration=migration,
        status=status,
        started=started,
        completed=done.at if done else None,
        issues=(
            *(_trouble(e) for e in events if e.state == FAILED or e.stage == "note"),
            *map(str, issues.of_events(events)),
        ),
        tests=_tests(latest(counting, "test")),
        access=_access(latest(counting, "test")),
        operators=tuple(dict.fromkeys(e.operator for e in counting)),
    )


def text(entry: Entry) -> str:
    """The entry as the plan's team writes it."""
    return "\n".join(
        (
            f"Migration {entry.number}: {entry.migration.name}",
            f"  Status:    {entry.status}",
            f"  Started:   {when(entry.started)}",
            f"  Completed: {when(entry.completed)}",
            f"  Issues:    {'; '.join(entry.issues) or 'none'}",
            f"  Tests:     {entry.tests}",
            f"  Access:    {entry.access}",
            f"  By:        {', '.join(entry.operators) or '–'}",
        )
    )


def _tests(event: Event | None) -> str:
    if event is None:
        return "not run"
    judged = [row for row in event.findings if row.verdict != SKIP]
    if not judged:
        return "skipped: nothing was tested"
    passed = sum(row.verdict in (PASS, WARN) for row in judged)
    skips = len(event.findings) - len(judged)
    return f"{passed} of {len(judged)} passed" + (f", {skips} skipped" if skips else "")


def _access(event: Event | None) -> str:
    if event is None or not event.detail.get("access"):
        return "not measured"
    changes = event.detail.get("access_changes")
    if changes:
        return "; ".join(changes)
    tables = {row[0] for row in event.detail["access"]}
    return f"{len(tables)} table{'s' * (len(tables) != 1)} measured, nothing that was known changed"


def _words(event: Event) -> str:
    if event.state != PASSED:
        return str(event.detail.get("why", "done elsewhere"))
    return "passed" if _verdict(event) == PASS else "skipped: nothing was looked at"


def _verdict(event: Event) -> str:
    """A stage whose every row is a SKIP lets the migration be closed, and is no pass."""
    looked = any(row.verdict != SKIP for row in event.findings)
    return PASS if event.state == PASSED and looked else WARN


def _trouble(event: Event) -> str:
    if event.stage == "note":
        return str(event.detail.get("text", ""))
    if event.detail.get("interrupted"):
        return f"{event.stage} was interrupted"
    bad = failed(event.findings)
    if bad:
        return f"{event.stage} failed: {remedies.in_a_line(bad)}"
    return (
        f"{event.stage} failed: {str(event.detail.get('error', 'nobody says why')).splitlines()[0]}"
    )


def when(at: datetime | None) -> str:
    """A moment as the execution log writes it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "not yet"
