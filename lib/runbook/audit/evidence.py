"""What a record's journal says, in the form that its manifest, its page and a comparison need.

The events are the truth; everything here is read from them and adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..findings import Finding, counts
from ..ledger import DONE, PASSED, STARTED

Event = dict[str, Any]
_ACCOUNT = ("Existing rows", "Locks")
_OF_AN_APPLY = ("xid", "parts", "locks", "held_at_most_s", "attempts", "before", "catalog",
                "losses")  # fmt: skip


def predicate(events: Sequence[Event]) -> dict[str, Any]:
    """The parts of a manifest's predicate that the journal knows.

    Returns:
        verdicts: each stage that ended, with how many findings of each verdict it had.
        access_changes: per migration, in words, what changed in who may do what.
        account: per migration, existing rows and locks as the stage showed them.
        approvals: the plan tokens that were used, with the files that they covered.
        wrote: the place and hash of the run's last event in the ledger; None when it wrote none.
    """
    written = [event for event in events if event["seq"]]
    return {
        "verdicts": list(_verdicts(events)),
        "access_changes": [
            {"version": event["version"], "changes": event["detail"]["access_changes"]}
            for event in events
            if event["detail"].get("access_changes")
        ],
        "account": list(_account(events)),
        "approvals": [
            {
                "token": event["detail"].get("token"),
                "files": event["detail"].get("files"),
                "at": event["at"],
                "operator": event["operator"],
                "approver": event["detail"].get("other_approver", ""),
            }
            for event in events
            if event["stage"] == "approval"
        ],
        "wrote": {
            "events": len(written),
            "last": written[-1]["seq"],
            "hash": written[-1]["hash"],
        }
        if written
        else None,
    }


def findings(event: Event) -> list[Finding]:
    """The rows that the event's stage showed."""
    return [Finding(*row) for row in event["detail"].get("findings", ()) if len(row) == 5]


def closing(events: Sequence[Event]) -> Iterator[Event]:
    """The events that end a stage."""
    return (event for event in events if event["state"] != STARTED and event["detail"])


def access(events: Sequence[Event]) -> dict[tuple[str, str, str], str]:
    """(table, actor, command) to what was allowed, as the last measure of each found it."""
    found = {}
    for event in events:
        for table, actor, command, allowed, total in event["detail"].get("access", ()):
            cell = "none" if not allowed else "all" if allowed == total else f"{allowed}/{total}"
            found[table, actor, command] = cell
    return found


def _verdicts(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    began: dict[tuple[str, str], str] = {}
    for event in events:
        key = (event["version"], event["stage"])
        if event["state"] == STARTED and event["stage"] != "issue":
            began[key] = event["at"]
            continue
        rows = findings(event)
        said = {
            "version": event["version"],
            "phase": event["phase"],
            "stage": event["stage"],
            "state": event["state"],
            "at": event["at"],
            "findings": counts(rows),
            "in_ledger": bool(event["seq"]),
        }
        if event["stage"] == "look":
            said["what"] = event["detail"].get("caption", "")
        if event["state"] not in (PASSED, DONE) and event["detail"].get("error"):
            said["error"] = str(event["detail"]["error"])
        if "seconds" in event["detail"]:
            said["seconds"] = event["detail"]["seconds"]
        elif key in began:
            said["seconds"] = _between(began[key], event["at"])
        yield said


def _account(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event["stage"] != "apply" or event["state"] != PASSED:
            continue
        detail = event["detail"]
        rows = [row for row in findings(event) if row.check in _ACCOUNT]
        yield {
            "version": event["version"],
            "rows": [[row.check, row.object, row.observed, row.verdict] for row in rows],
            **{key: detail[key] for key in _OF_AN_APPLY if key in detail},
        }


def _between(start: str, end: str) -> float:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)
