"""Phases: named on the command line, or where the dates of the versions leave a gap."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import Refused
from ..notebook_names import BASELINE, ROLLBACK, VALIDATION
from .sources import Found

# A week without a migration ends a phase; longer where that would make too many of them.
_GAPS = (7, 14, 30, 60, 90, 180, 365)
_MOST_PHASES = 12
# As long as a notebook can be and still be read; longer phases are divided evenly.
_LONGEST = 30


@dataclass(frozen=True)
class Group:
    """A phase to be: its id and notebook follow from the title."""

    title: str
    files: tuple[Found, ...]
    id: str = ""
    notebook: str = ""


def group(files: Sequence[Found], named: Sequence[str] = ()) -> list[Group]:
    """The phases, in order.

    Args:
        named: NAME=FIRST..LAST each, both ends included; either may be left away. Files that no
            name covers are grouped by their dates.

    Raises:
        Refused: a range that is none, an unknown version, or two names for one file.
    """
    owner: dict[int, str] = {}
    for text in named:
        name, first, last = _range(text, files)
        for place in range(first, last + 1):
            if place in owner:
                raise Refused(
                    f"--phase: {files[place].file} is in {owner[place]!r} and in {name!r}.",
                    remedy="Let the ranges not overlap.",
                )
            owner[place] = name
    groups: list[Group] = []
    start = 0
    for place in range(1, len(files) + 1):
        if place < len(files) and owner.get(place) == owner.get(start):
            continue
        run = files[start:place]
        title = owner.get(start)
        groups += [Group(title, tuple(run))] if title else _by_date(run)
        start = place
    return _identified(groups)


def _range(text: str, files: Sequence[Found]) -> tuple[str, int, int]:
    name, equals, span = text.partition("=")
    first, dots, last = span.partition("..")
    if not (name.strip() and equals and dots):
        raise Refused(f"--phase {text!r} is not NAME=FIRST..LAST.", remedy="NAME=0001..0007")
    places = [_place(version, files, text) for version in (first.strip(), last.strip())]
    begin = places[0] if places[0] is not None else 0
    end = places[1] if places[1] is not None else len(files) - 1
    if begin > end:
        raise Refused(f"--phase {text!r} ends before it begins.", remedy="FIRST..LAST, in order.")
    return name.strip(), begin, end


def _place(version: str, files: Sequence[Found], text: str) -> int | None:
    if not version:
        return None
    for place, each in enumerate(files):
        if each.version == version or each.version.lstrip("0") == version.lstrip("0"):
            return place
    raise Refused(f"--phase {text!r}: there is no version {version}.", remedy="Name two that are.")


def _by_date(files: Sequence[Found]) -> list[Group]:
    dates = [_date(each.version) for each in files]
    runs = [list(files)]
    if all(dates):
        for days in _GAPS:
            runs = _cut(files, dates, timedelta(days=days))
            if len(runs) <= _MOST_PHASES:
                break
    pieces = [piece for run in runs for piece in _even(run)]
    return [Group(_title(piece), tuple(piece)) for piece in pieces]


def _cut(
    files: Sequence[Found], dates: Sequence[datetime | None], gap: timedelta
) -> list[list[Found]]:
    runs = [[files[0]]]
    for number in range(1, len(files)):
        now, before = dates[number], dates[number - 1]
        if now and before and now - before >= gap:
            runs.append([])
        runs[-1].append(files[number])
    return runs


def _even(run: list[Found]) -> list[list[Found]]:
    count = -(-len(run) // _LONGEST)
    borders = [len(run) * number // count for number in range(count + 1)]
    return [run[a:b] for a, b in itertools.pairwise(borders)]


def _title(files: Sequence[Found]) -> str:
    first, last = _date(files[0].version), _date(files[-1].version)
    if first and last:
        begin, end = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
        return begin if begin == end else f"{begin} to {end}"
    if len(files) == 1:
        return f"Migration {files[0].version}"
    return f"Migrations {files[0].version} to {files[-1].version}"


def _date(version: str) -> datetime | None:
    if len(version) not in (8, 12, 14):
        return None
    try:
        return datetime.strptime(version[:8], "%Y%m%d")
    except ValueError:
        return None


def _identified(groups: list[Group]) -> list[Group]:
    taken: set[str] = {"baseline", "system-validation", "rollback"}
    made = []
    for number, each in enumerate(groups, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", each.title.lower()).strip("-") or "phase"
        name = slug
        while name in taken:
            name = f"{slug}-{number}"
            slug = f"{slug}-part"
        taken.add(name)
        notebook = f"{number:02}_{name.replace('-', '_')}.ipynb"
        assert notebook not in (BASELINE, VALIDATION, ROLLBACK)
        made.append(Group(each.title, each.files, name, notebook))
    return made
