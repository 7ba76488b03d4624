"""The timeline of a phase: what each stage of each migration took, read from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from .. import ledger
from ..checkpoint import STAGES
from ..humane import humane
from ..in_hand.acknowledging import STAGE as ACKNOWLEDGE
from ..ledger import DONE, PASSED, latest, since_rollback
from ..plan import Phase
from .picture import INK, SOFT, Picture, box, canvas, width_of, word
from .picture import STAGES as COLOURS

_EDGE, _ROW, _BAR, _WIDTH = 16, 30, 18, 420


@dataclass(frozen=True)
class Line:
    """One migration: when it was begun, in UTC, and the seconds of each stage that passed."""

    name: str
    began: str
    seconds: tuple[float | None, ...]

    @property
    def total(self) -> float:
        return sum(seconds or 0.0 for seconds in self.seconds)

    def __str__(self) -> str:
        each = ", ".join(
            f"{stage} {'–' if seconds is None else humane(seconds)}"
            for stage, seconds in zip(STAGES, self.seconds, strict=True)
        )
        return f"{self.name}: {self.began or 'not begun'}; {each}"


def draw(conn: psycopg.Connection, phase: Phase) -> Picture:
    """A bar for each migration, a piece for each stage; as wide as it took long."""
    events = ledger.read(conn)
    lines = []
    for migration in phase.migrations:
        own = since_rollback([e for e in events if e.version == migration.version])
        began = f"{own[0].at:%H:%M:%S} UTC" if own else ""
        lines.append(Line(migration.name, began, tuple(_took(own, stage) for stage in STAGES)))
    there = [e for e in events if e.phase == phase.id and e.stage not in ("note", ACKNOWLEDGE)]
    between = (there[-1].at - there[0].at).total_seconds() if there else 0.0
    at_work = sum(line.total for line in lines)
    title = f"{phase.title}: {humane(at_work)} at work within {humane(between)}"
    return Picture(title, _svg(lines), "\n".join(map(str, lines)))


def _took(events: Sequence[ledger.Event], stage: str) -> float | None:
    event = latest((e for e in events if e.state in (PASSED, DONE)), stage)
    if event is None:
        return None
    # The apply's own event is written inside its transaction, with the time of the statements.
    seconds = event.detail.get("took_s", event.detail.get("seconds"))
    return None if seconds is None else float(seconds)


def _svg(lines: Sequence[Line]) -> str:
    names = max(width_of(line.name) for line in lines) + 12
    x = _EDGE + names
    longest = max((line.total for line in lines), default=0.0) or 1.0
    parts, along = [], x
    for stage, colour in zip(STAGES, COLOURS, strict=False):
        parts += [box(along, _EDGE, 14, 14, fill=colour, line=colour),
                  word(along + 20, _EDGE + 12, stage)]  # fmt: skip
        along += width_of(stage) + 44
    for number, line in enumerate(lines):
        y = _EDGE + 30 + number * _ROW
        parts.append(word(_EDGE, y + 14, line.name))
        at = x
        for seconds, colour in zip(line.seconds, COLOURS, strict=False):
            wide = _WIDTH * (seconds or 0.0) / longest
            if wide:
                parts.append(box(at, y, max(wide - 1.5, 0.5), _BAR, fill=colour, line=colour))
            at += wide
        shown = humane(line.total) if line.total else "not run"
        parts.append(word(at + 8, y + 14, shown, ink=INK if line.total else SOFT))
    height = _EDGE * 2 + 26 + len(lines) * _ROW
    return canvas(max(x + _WIDTH + 90, along), height, *parts)
