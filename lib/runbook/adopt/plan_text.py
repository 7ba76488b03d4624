"""plan.toml for an adopted project, as a person would write it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..plan import SUPABASE
from .grouping import Group
from .sources import Fault, Found


@dataclass(frozen=True)
class Entry:
    """What plan.toml says of one migration; `remarks` stand above it as comments."""

    version: str
    risk: str
    why: str
    requires: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    own: str = ""
    remarks: tuple[str, ...] = ()


def plan_text(
    project: str,
    groups: Sequence[Group],
    entries: dict[str, Entry],
    faults: Iterable[Fault],
    platform: str = SUPABASE,
    before: Sequence[Found] = (),
) -> str:
    """The whole file.

    Args:
        entries: by version, one for each file of the groups.
        before: the baseline.
        faults: those that left a file out are said at the top.
    """
    lines = [
        "# What is applied when, what it needs, how risky it is, and when it counts as a success.",
        "# Written by `runbook init` from the SQL: read it, then make it yours.",
    ]
    lines += [f"# Left out: {_line(f.file)}: {_line(f.says)}." for f in faults if f.left_out]
    lines.append(f"project  = {_quoted(project)}")
    if platform != SUPABASE:
        lines.append(f'platform = "{platform}"   # not Supabase: its rules do not apply')
    lines += [
        *_baseline(before),
        "criteria = [",
        '  { says = "All migrations applied", proved_by = "history" },',
        '  { says = "Everything that the SQL promises is there", proved_by = "verify" },',
        '  { says = "Zero data loss or corruption", proved_by = "baseline" },',
        "]",
    ]
    for group in groups:
        lines += _phase(group, entries)
    return "\n".join(lines) + "\n"


def _baseline(before: Sequence[Found]) -> list[str]:
    says = "# versions that production holds before the first phase"
    if not before:
        return [f"baseline = []   {says}"]
    versions = (f"  {_quoted(found.version)},   # {_line(found.name)}" for found in before)
    return [f"baseline = [   {says}", *versions, "]"]


def _phase(group: Group, entries: dict[str, Entry]) -> list[str]:
    lines = [
        "",
        "# " + "-" * 93,
        "[[phase]]",
        f"id       = {_quoted(group.id)}",
        f"title    = {_quoted(group.title)}",
        f"notebook = {_quoted(group.notebook)}",
        "criteria = [",
        '  { says = "All of its migrations applied", proved_by = "history" },',
        '  { says = "Everything that their SQL promises is there", proved_by = "verify" },',
        "]",
    ]
    for each in group.files:
        entry = entries[each.version]
        lines += ["", "  [[phase.migration]]"]
        lines += [f"  # {_line(remark)}" for remark in entry.remarks]
        lines += [
            f"  version  = {_quoted(entry.version)}",
            f"  risk     = {_quoted(entry.risk)}",
            f"  why      = {_quoted(entry.why)}",
            f"  requires = {_list(entry.requires)}",
            f"  tables   = {_list(entry.tables)}",
        ]
        if entry.own:
            lines.append(f'  transaction = "own"   # {_line(entry.own)}')
    return lines


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(map(_quoted, items)) + "]"


def _line(text: str) -> str:
    """For a comment: one line, no control characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
