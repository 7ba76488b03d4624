"""What the last rehearsal under load left behind, for the cells of a phase."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..errors import FileInvalid
from ..findings import SKIP
from ..panel.picture import Picture
from ..plan import Migration, Phase
from ..rehearsal import kept
from ..target import Target
from .felt import FELT


class Shown:
    """The pictures of a phase, what was felt most on top; and in words what has none."""

    def __init__(self, pictures: Sequence[Picture], others: Sequence[str]) -> None:
        self._pictures, self._others = tuple(pictures), tuple(others)

    def __repr__(self) -> str:
        return "\n\n".join([*map(repr, self._pictures), *filter(None, ["\n".join(self._others)])])

    def _repr_html_(self) -> str:
        first = [picture._repr_html_() for picture in self._pictures[:1]]
        folded = [
            f"<details><summary>{escape(picture.title)}</summary>{picture._repr_html_()}</details>"
            for picture in self._pictures[1:]
        ]
        others = "\n".join(self._others)
        said = f'<pre style="white-space:pre-wrap">{escape(others)}</pre>' * bool(others)
        return "".join((*first, *folded, said))


def last(root: Path, target: Target, phase: Phase, *, pending: Collection[str]) -> Shown:
    """The newest rehearsal under load of each file exactly as it is now, on this target.

    Args:
        pending: the versions that can still be rehearsed.
    """
    felt, silent, missing = [], [], []
    for migration in phase.migrations:
        try:
            rehearsed = list(kept.found(root, target, migration))
        except FileInvalid:
            rehearsed = []
        for path, each in rehearsed:
            drawn = kept.picture(path, migration)
            if each.get("load") and drawn.exists():
                said = each["load"]
                svg = drawn.read_text(encoding="utf-8")
                felt.append(
                    (said["longest_ms"], Picture(said["title"], svg, "\n".join(said["words"])))
                )
                break
            reason = _why_not(each)
            if reason:
                silent.append(f"{migration.name}: {reason}.")
                break
        else:
            missing.append(migration)
    gone = [m.name for m in missing if m.version not in pending]
    if gone:
        silent.append(f"Applied, and not rehearsed under load: {', '.join(gone)}.")
    missing = [m for m in missing if m.version in pending]
    felt.sort(key=lambda each: -each[0])
    return Shown([picture for _, picture in felt], [*silent, *_offer(target, missing)])


def _why_not(each: dict[str, Any]) -> str:
    """Why a rehearsal that wanted a load put none on; "" when none was wanted."""
    rows = [row for row in each["findings"] if row["check"] == FELT and row["verdict"] == SKIP]
    return rows[0]["observed"] if rows else ""


def _offer(target: Target, missing: Sequence[Migration]) -> list[str]:
    if not missing:
        return []
    names = ", ".join(migration.name for migration in missing)
    return [
        f"Not rehearsed under load as the files are now: {names}.",
        f"`runbook rehearse --target {target.name} --load` applies what is pending on a copy, while"
        " a small load reads and writes the tables that it locks; this cell then shows what that"
        " felt like. No load is ever put on the target itself.",
    ]
