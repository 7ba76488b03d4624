"""Check files: one question about a whole database, as a header of comments and one SELECT.

    -- title: Every table has a primary key
    -- group: Performance acceptable
    -- level: WARN
    -- needs: nothing
    -- examines: tables
    -- why: Without one, a row cannot be addressed, replicated or de-duplicated.
    -- mend: alter table … add primary key (…);

    with examined as (select … from tables)
    select name as object, 'a primary key' as expected, 'none' as observed from examined where …

The query may use the words of checks/vocabulary.sql (`tables`, `policies`, …) as if they were
tables. It names what it looks at `examined`, so that the runner can tell a clean answer from an
answer about nothing; its rows are the problems, and no row means that there is none.

A check whose question needs one scan for each object says `runs: generated` and returns
`object, expected, scan, trusted, weight`: `scan` is a query that returns one row with one text, or
null when all is well; `trusted` objects are scanned last, cheapest (`weight`) first, as far as the
budget goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import findings, resources
from ..errors import FileInvalid
from .weave import Woven, invalid, weave

GROUPS = (
    "No orphaned records",
    "All foreign keys valid",
    "RLS policies not conflicting",
    "Performance acceptable",
    "No security gaps",
)
LEVELS = (findings.FAIL, findings.WARN)
NEEDS = ("role", "schema", "relation", "column", "extension")
REQUIRED = ("title", "group", "level", "needs", "examines", "why", "mend")
OPTIONAL = ("runs", "note")
RUNS = ("once", "generated")
VOCABULARY = "vocabulary.sql"


@dataclass(frozen=True)
class Check:
    """One check file.

    Fields:
        id, title: the stable number and the promise; together they name the check in Findings.
        group: the row of the plan's checklist that it belongs to.
        level: the verdict of a problem, FAIL or WARN.
        needs: what must exist for the question to make sense, as (kind, name).
        examines: what it looks at, in the plural.
        why, mend, note: why it matters, how to mend it, how far it can be trusted.
        generated: whether its rows are scans to run rather than problems.
        path, query: the file, and what it asks.
    """

    id: str
    title: str
    group: str
    level: str
    needs: tuple[tuple[str, str], ...]
    examines: str
    why: str
    mend: str
    note: str
    generated: bool
    path: Path
    query: Woven

    @property
    def name(self) -> str:
        return f"{self.id} {self.title}"


def default_folder() -> Path:
    """The checks that ship with the runbook."""
    return resources.folder("checks")


def folders_of(project: Path) -> tuple[Path, ...]:
    """The checks that ship with the runbook, and the project's own in migrations/checks, if any."""
    own = project / "migrations" / "checks"
    return (default_folder(), own) if own.is_dir() else (default_folder(),)


def load(folders: Iterable[Path] | None = None) -> list[Check]:
    """Every check of `folders` (default: those that ship here), by id.

    Raises:
        FileInvalid: a name, a header or a query is not as agreed, or two files share an id;
            with file and line.
    """
    found: dict[str, Check] = {}
    for folder in folders if folders is not None else (default_folder(),):
        if not Path(folder).is_dir():
            raise FileInvalid(
                f"{folder}: there is no such folder of checks.",
                remedy="Create it, or take it out of the list of folders.",
            )
        for path in sorted(Path(folder).glob("*.sql")):
            if path == default_folder() / VOCABULARY:
                continue
            check = read(path)
            if check.id in found:
                raise FileInvalid(
                    f"{path}: the id {check.id} belongs to {found[check.id].path} already.",
                    remedy="Give one of them a free number.",
                )
            found[check.id] = check
    return [found[key] for key in sorted(found)]


def read(path: Path) -> Check:
    """One check file, its header and its query checked.

    Raises:
        FileInvalid: with file and line.
    """
    number = re.fullmatch(r"(\d{3})_[a-z0-9_]+\.sql", path.name)
    if not number:
        raise invalid(path, 1, "the name must be three digits, an underscore, a name in lower case")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise invalid(path, line, "this is not UTF-8") from None
    header = _header(path, text)
    runs = header.get("runs", "once")
    return Check(
        id=number[1],
        title=header["title"],
        group=header["group"],
        level=header["level"],
        needs=_needs(header["needs"]),
        examines=header["examines"],
        why=header["why"],
        mend=header["mend"],
        note=header.get("note", ""),
        generated=runs == "generated",
        path=path,
        query=weave(path, text, runs),
    )


def _header(path: Path, text: str) -> dict[str, str]:
    """The keys of the leading comment, each checked as soon as it is complete."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    key = ""
    for line, raw in enumerate(text.splitlines(), 1):
        if not raw.startswith("--"):
            break
        comment = raw[2:]
        if comment.startswith("   ") and key:
            values[key] += " " + comment.strip()
            continue
        key, colon, value = (part.strip() for part in comment.partition(":"))
        if not colon:
            raise invalid(
                path, line, "a header line reads `-- key: value`; go on with three spaces"
            )
        if key not in REQUIRED + OPTIONAL:
            raise invalid(
                path, line, f"unknown key '{key}'; known: {', '.join(REQUIRED + OPTIONAL)}"
            )
        if key in values:
            raise invalid(path, line, f"the key '{key}' appears twice")
        values[key], lines[key] = value, line
    for key in REQUIRED:
        if not values.get(key):
            raise invalid(path, lines.get(key, 1), f"the header lacks '{key}'")
    for key, allowed in (("group", GROUPS), ("level", LEVELS), ("runs", RUNS)):
        if values.get(key, allowed[0]) not in allowed:
            raise invalid(path, lines[key], f"'{key}' must be one of: {', '.join(allowed)}")
    for kind, _ in _needs(values["needs"]):
        if kind not in NEEDS:
            raise invalid(
                path,
                lines["needs"],
                f"'needs' lists {', '.join(NEEDS)} with a name each, or says nothing",
            )
    return values


def _needs(value: str) -> tuple[tuple[str, str], ...]:
    if value == "nothing":
        return ()
    pairs = (item.strip().partition(" ") for item in value.split(","))
    return tuple((kind if name else "", name.strip()) for kind, _, name in pairs)
