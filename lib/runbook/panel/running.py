"""What a cell is doing at this moment; and what stopping it now would leave behind.

The cell's thread replaces one frozen value, the panel's thread reads it: neither waits for the
other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..humane import humane
from ..plan import Migration
from ..statements.transactions import split_parts


@dataclass(frozen=True)
class Running:
    """One stage at work.

    Fields:
        migration, stage: which cell.
        began: time.monotonic() of its start.
        pid: the server's process that works for it; 0 where there is none.
        foreseen: seconds of each statement on the twin; empty where nobody measured them.
        number, total, title: the statement, or the part, that runs; 0 before the first.
        since: time.monotonic() of its start.
        waiting: for whom, "" while nobody is in the way.
    """

    migration: Migration
    stage: str
    began: float
    pid: int = 0
    foreseen: tuple[float, ...] = field(default=(), repr=False)
    number: int = 0
    total: int = 0
    title: str = ""
    since: float = 0.0
    waiting: str = ""

    @property
    def whole(self) -> bool:
        """Whether the migration runs in one transaction."""
        return self.migration.script.transactional


def started(
    migration: Migration, stage: str, *, pid: int = 0, foreseen: Sequence[float] = ()
) -> Running:
    """A stage that begins now."""
    return Running(migration, stage, time.monotonic(), pid, tuple(foreseen))


def in_words(now: Running, at: float | None = None) -> list[str]:
    """What runs, for how long, and what it took on the twin: one or two lines."""
    at = time.monotonic() if at is None else at
    whole = f"{now.migration.name}, {now.stage}: {humane(at - now.began)}"
    if now.stage == "apply" and now.whole and now.foreseen:
        whole += f" (its statements took {humane(sum(now.foreseen))} on the empty twin)"
    lines = [whole]
    if now.number:
        kind = "statement" if now.whole else "part"
        line = f"{kind} {now.number} of {now.total}, {humane(at - now.since)}"
        if now.whole and len(now.foreseen) == now.total:
            line += f" (twin: {humane(now.foreseen[now.number - 1])})"
        lines.append(f"{line}: {now.title}")
    if now.waiting:
        lines.append(now.waiting)
    return lines


def if_interrupted(now: Running) -> str:
    """Whether the stop button is safe now, and what would be left."""
    name = now.migration.name
    if now.stage != "apply":
        return (
            f"Interrupting now is safe: {now.stage} leaves nothing in the database; its cell has"
            " to be run again."
        )
    if now.whole:
        return (
            f"Interrupting now is safe: the server cancels the statement and rolls {name} back as"
            " a whole; nothing of it would remain."
        )
    done = max(now.number - 1, 0)
    parts = split_parts(now.migration.script)
    alone = bool(now.number) and not parts[now.number - 1][0].transactional
    invalid = " A half-built index may stay behind as INVALID; the next run clears it." * alone
    return (
        f"Interrupting now leaves {done} of {len(parts)} parts of {name} committed; running the"
        f" cell again goes on after them.{invalid}"
    )
