"""The schema before and after a phase: its new tables, and the foreign keys that tie them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from ..plan import Phase
from ..resources import query
from .picture import NEW, OLD, Picture, box, canvas, curve, width_of, word

_HEAD, _ROW, _GAP, _EDGE, _BETWEEN = 26, 17, 12, 16, 110


@dataclass(frozen=True)
class Key:
    """A foreign key: from these columns of a table to another table."""

    table: str
    columns: str
    references: str

    def __str__(self) -> str:
        return f"{self.columns} → {_short(self.references)}"


def draw(conn: psycopg.Connection, phase: Phase) -> Picture:
    """What was there on the left, what the phase adds on the right; pending tables are dashed."""
    new = [table for migration in phase.migrations for table in migration.tables]
    rows = conn.execute(query("foreign_keys"), {"tables": new}).fetchall()
    there = {row[0] for row in rows}
    keys = [Key(*row) for row in rows if row[1]]
    old = sorted({key.references for key in keys} - set(new))
    made = sum(table in there for table in new)
    title = (
        f"{phase.title}: {made} of {len(new)} new tables are there, with {len(keys)} foreign keys,"
        f" {sum(key.references in old for key in keys)} of them to {len(old)} tables of before"
    )
    return Picture(title, _svg(new, old, keys, there), _text(new, keys, there))


def _text(new: Sequence[str], keys: Sequence[Key], there: set[str]) -> str:
    lines = [] if new else ["no new table"]
    for table in new:
        tied = "; ".join(str(key) for key in keys if key.table == table) or "no foreign key"
        lines.append(f"{table}: {tied if table in there else 'pending'}")
    return "\n".join(lines)


def _svg(new: Sequence[str], old: Sequence[str], keys: Sequence[Key], there: set[str]) -> str:
    own = {table: [key for key in keys if key.table == table] for table in new}
    left = max([width_of(_short(name)) for name in old] + [90]) + 24
    words = [width_of(_short(n)) for n in new] + [width_of(str(k), 12) for k in keys]
    right = max([*words, 90]) + 28
    x = _EDGE + left + _BETWEEN
    tops, y = {}, _EDGE + 26.0
    for table in new:
        tops[table] = y
        y += _HEAD + _ROW * len(own[table]) + _GAP
    height = max(y, _EDGE + 26 + len(old) * (_HEAD + _GAP)) + _EDGE
    step = (height - _EDGE * 2 - 26) / max(len(old), 1)
    old_tops = {name: _EDGE + 26 + step * n + (step - _HEAD) / 2 for n, name in enumerate(old)}
    loops = any(key.references in tops for key in keys)
    width = x + right + (70 if loops else _EDGE)
    parts = [word(_EDGE, _EDGE + 12, "before", bold=True), word(x, _EDGE + 12, "new", bold=True)]
    lines, boxes = [], []
    for name, top in old_tops.items():
        boxes += [box(_EDGE, top, left, _HEAD, fill=OLD), word(_EDGE + 10, top + 18, _short(name))]
    for number, (table, top) in enumerate(tops.items()):
        tall = _HEAD + _ROW * len(own[table])
        boxes.append(box(x, top, right, tall, fill=NEW, dashed=table not in there))
        boxes.append(word(x + 10, top + 18, _short(table), bold=True))
        for place, key in enumerate(own[table]):
            at = top + _HEAD + _ROW * place + 8
            boxes.append(word(x + 16, at + 4, str(key), size=12))
            if key.references in tops:
                bend = 30 + 5 * (number % 7)
                lines.append(_loop(x + right, at, tops[key.references] + _HEAD / 2, bend))
            else:
                end = old_tops[key.references] + _HEAD / 2
                lines.append(curve(x, at, _EDGE + left, end, -_BETWEEN / 2))
    return canvas(width, height, *parts, *lines, *boxes)


def _loop(x: float, y: float, to_y: float, bend: float) -> str:
    """From the right edge back to the right edge."""
    path = f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {x + bend:.0f} {to_y:.0f} {x:.0f} {to_y:.0f}"
    return (
        f"<path d='{path}' fill='none' stroke='#4a535c' stroke-width='1.2'/>"
        f"<circle cx='{x:.0f}' cy='{to_y:.0f}' r='3' fill='#4a535c'/>"
    )


def _short(name: str) -> str:
    return name.removeprefix("public.")
