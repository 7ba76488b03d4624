"""A view as text: for terminals, screen readers, records, and for nbval to compare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..humane import humane
from .steps import MAP, NOT_ASKED
from .view import View

_SIGNS = {
    "passed": "✓", "failed": "✕", "started": "…", "to do": "·", "elsewhere": "○",
    "file edited": "▲", "not asked": "–", "in doubt": "?", "interrupted": "▲",
}  # fmt: skip
NOTHING = "nothing"
# Of what is drawn once: headless, in an archive, in a notebook that nobody trusted yet.
PICTURE = "A picture of the moment when this cell ran. It does not follow: run the cell again."


def signed(state: str) -> str:
    """A stage's state with its sign: never by colour alone."""
    return f"{_SIGNS[state]} {'–' if state == NOT_ASKED else state}".replace("– –", "–")


def lines(view: View) -> list[tuple[str, str]]:
    """What stands above the map: label and value."""
    counts = f"{view.applied} of {view.total} applied, {view.total - view.applied} pending"
    odd = [f"{n} {word}" for n, word in ((view.edited, "edited"), (view.foreign, "foreign")) if n]
    here = f"{view.closed} of {len(view.steps)} closed"
    return [
        ("Target", f"{view.environment} ({view.meaning}): {view.target}"),
        ("Server", f"database {view.database}, PostgreSQL {view.version}, as {view.role}"),
        ("Operator", f"{view.operator}, mode {view.mode}"),
        ("History", ", ".join((counts, *odd))),
        ("This phase", here),
    ]


def after(view: View) -> list[tuple[str, str]]:
    """What stands below the map."""
    following = " · ".join(filter(None, (view.next, view.why))) or NOTHING
    rows = [("Next", following), ("In the way", "; ".join(view.blockers) or NOTHING)]
    if view.doubt:
        rows.append(("In doubt", "; ".join(view.doubt)))
    return rows


def elapsed(view: View, at: datetime) -> str:
    """How long the phase has been under way, or took; for whoever watches, never for a record."""
    if view.begun is None:
        return "This phase is not begun."
    since = f"This phase was begun at {view.begun:%Y-%m-%d %H:%M:%S} UTC"
    if view.ended is not None:
        return f"{since} and closed {humane((view.ended - view.begun).total_seconds())} later."
    return f"{since}, {humane((at - view.begun).total_seconds())} ago."


def text(view: View, now: Sequence[str] = ()) -> str:
    """The whole panel as text; `now` is what runs."""
    width = max(len(label) for label, _ in lines(view)) + 2
    told = [f"{view.project} · {view.phase}", PICTURE]
    told += [f"{label:<{width}}{value}" for label, value in lines(view)]
    told += [f"{'Now':<{width}}{line}" for line in now]
    told += [f"{label:<{width}}{value}" for label, value in after(view)]
    names = [step.migration.name for step in view.steps]
    first = max(map(len, (*names, "migration"))) + 2
    told.append("")
    columns = [max(len(stage), *(len(signed(step[stage])) for step in view.steps)) for stage in MAP]
    told.append(f"{'migration':<{first}}" + _row(MAP, columns))
    for step in view.steps:
        cells = [signed(step[stage]) for stage in MAP]
        told.append(f"{step.migration.name:<{first}}" + _row(cells, columns))
    return "\n".join(line.rstrip() for line in told)


def _row(cells: Sequence[str], columns: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, columns, strict=True))
