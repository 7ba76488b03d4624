"""Issues: what an operator found wrong with a migration and wants settled before the next one.

An issue is an event, and so is its resolution; nothing is ever edited. While one is open, no later
migration is prechecked or applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from .. import ledger
from ..errors import OutOfOrder, Refused
from ..ledger import DONE, STARTED, Event
from ..plan import Migration
from ..resources import query

STAGE = "issue"


@dataclass(frozen=True)
class Issue:
    """One issue of one migration; `resolution` is "" while it is open."""

    version: str
    number: int
    text: str
    operator: str
    resolution: str = ""

    def __str__(self) -> str:
        end = f", resolved: {self.resolution}" if self.resolution else ", open"
        return f"issue {self.number} ({self.operator}{end}): {self.text}"


def of_events(events: Iterable[Event]) -> list[Issue]:
    """The issues among these events, oldest first, with what became of them."""
    return _folded((e.version, e.operator, e.state, e.detail) for e in events if e.stage == STAGE)


def still_open(conn: psycopg.Connection) -> list[Issue]:
    """Every open issue of this target, oldest first."""
    if not ledger.exists(conn):
        return []
    return [each for each in _folded(conn.execute(query("issues"))) if not each.resolution]


def opened(issues: list[Issue], text: str) -> dict[str, object]:
    """The event's detail for a new issue.

    Raises:
        Refused: it says nothing.
    """
    words = text.strip()
    if not words:
        raise Refused("The issue says nothing.", remedy='Write what is wrong: issue("…").')
    return {"state": STARTED, "number": len(issues) + 1, "text": words}


def resolved(issues: list[Issue], name: str, text: str, number: int | None) -> dict[str, object]:
    """The event's detail that resolves one.

    Args:
        number: of the issue; may be left out while only one is open.

    Raises:
        Refused: no such issue is open, or more than one and none is named.
    """
    waiting = {issue.number: issue for issue in issues if not issue.resolution}
    if not text.strip():
        raise Refused("The resolution says nothing.", remedy='Write what was done: resolve("…").')
    if number is None and len(waiting) == 1:
        (number,) = waiting
    if number not in waiting:
        said = "; ".join(map(str, waiting.values())) or "none"
        which = "which one" if number is None else f"number {number}"
        raise Refused(
            f"{name}: there is no open issue to resolve ({which}?). Open: {said}.",
            remedy='Name it by its number: resolve("…", number=1).'
            if waiting
            else "Nothing is left to do.",
        )
    return {"state": DONE, "number": number, "text": text.strip()}


def require_none(conn: psycopg.Connection, before: Iterable[Migration], name: str) -> None:
    """Ask about open issues of earlier migrations.

    Raises:
        OutOfOrder: names the first one, and the cell that closes it.
    """
    known = {migration.version: migration for migration in before}
    for issue in still_open(conn):
        migration = known.get(issue.version)
        if migration:
            raise OutOfOrder(
                f"{name} waits: {migration.name} has an open issue. {issue}",
                state="Nothing was started; the database is as it was.",
                remedy=f'Settle it, and say so: {migration.variable}.resolve("…",'
                f" number={issue.number}).",
            )


def _folded(rows: Iterable[tuple]) -> list[Issue]:
    found: dict[tuple[str, int], Issue] = {}
    for version, operator, state, detail in rows:
        key = (version, int(detail["number"]))
        if state == STARTED:
            found[key] = Issue(version, key[1], str(detail["text"]), operator)
        elif key in found:
            old = found[key]
            words = f"{detail['text']} ({operator})"
            found[key] = Issue(version, old.number, old.text, old.operator, words)
    return list(found.values())
