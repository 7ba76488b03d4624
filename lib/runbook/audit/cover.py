"""What the page of a record shows beside the notebook: read from its predicate and its journal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..checkpoint import STAGES
from ..findings import FAIL, PASS, SKIP, WARN
from . import evidence

SIGNS = {PASS: "✓", WARN: "▲", FAIL: "✕", SKIP: "○"}
COLUMNS = (*STAGES, "acknowledge", "checkpoint")
_COMMANDS = ("select", "insert", "update", "delete")
_BAR = 12
_MOST = 200
# What `runbook notebooks` writes: `name.stage()`, and the precheck's cell opens the step.
_CELL = re.compile(r"(\w+)(?:\.(\w+)\(\)| = phase\[.*)")


class Cell(NamedTuple):
    """One stage of one migration: verdict with its sign, seconds, and how much of the whole."""

    words: str = "–"
    seconds: float | None = None
    bar: str = ""


class Path(NamedTuple):
    """One migration's way through the stages."""

    name: str
    cells: list[Cell]
    seconds: float


def view(document: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that the template shows of a document, with nothing missing."""
    names = {entry["version"]: entry["migration"] for entry in document.get("log", ())}
    return {
        "mode": document.get("parameters", {}).get("mode") or "",
        "server": {"version": "", "why": "", **document.get("server", {})},
        "steps": step_map(document, names),
        "stages": COLUMNS,
        "notable": notable(events, names),
        "matrix": matrix(events),
        "commands": _COMMANDS,
        "access_changes": [
            (names.get(item["version"], item["version"]), item["changes"])
            for item in document.get("access_changes", ())
        ],
        "account": [
            (names.get(item["version"], item["version"]), item)
            for item in document.get("account", ())
        ],
        "log": document.get("log", ()),
        "approvals": document.get("approvals", ()),
        "next_steps": next_steps(document),
        "sums": sums(document),
        "signs": SIGNS,
    }


def step_map(document: Mapping[str, Any], names: Mapping[str, str]) -> list[Path]:
    """Migration by stage: what each said and how long it took, from the run's own events."""
    told: dict[str, dict[str, Mapping[str, Any]]] = {}
    for said in document.get("verdicts", ()):
        if said["version"] and said["stage"] in COLUMNS:
            told.setdefault(said["version"], {})[said["stage"]] = said
    took = _took(document.get("cells", ()))
    times = {
        version: [
            took.get((names.get(version, version), stage)) if stage in by else None
            for stage in COLUMNS
        ]
        for version, by in told.items()
    }
    longest = max((each or 0 for row in times.values() for each in row), default=0)
    return [
        Path(
            names.get(version, version),
            [
                _cell(by.get(stage), seconds, longest)
                for stage, seconds in zip(COLUMNS, times[version], strict=True)
            ],
            sum(each or 0 for each in times[version]),
        )
        for version, by in told.items()
    ]


def notable(
    events: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> list[tuple[str, str, Any]]:
    """Every finding that is not a PASS, the worst first: (migration or caption, stage, finding)."""
    rows = [
        (
            names.get(event["version"], event["version"]) or event["detail"].get("caption", ""),
            event["stage"],
            row,
        )
        for event in events
        for row in evidence.findings(event)
        if row.verdict != PASS
    ]
    order = (FAIL, WARN, SKIP)
    return sorted(rows, key=lambda row: order.index(row[2].verdict))[:_MOST]


def _took(cells: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """(migration, stage) to the seconds that its cell took, as far as a cell is one stage."""
    found = {}
    for cell in cells:
        match = _CELL.fullmatch(cell["line"])
        if match and cell["seconds"] is not None:
            found[match[1], match[2] or "precheck"] = cell["seconds"]
    return found


def matrix(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """For each table its actors, each with a cell for every command."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for (table, actor, command), cell in evidence.access(events).items():
        found.setdefault(table, {}).setdefault(actor, {})[command.lower()] = cell
    return [
        (table, [(who, [by.get(c, "–") for c in _COMMANDS]) for who, by in actors.items()])
        for table, actors in found.items()
    ]


def sums(document: Mapping[str, Any]) -> dict[str, int]:
    """How many findings of each verdict the run had; worst first."""
    total = dict.fromkeys((FAIL, WARN, SKIP, PASS), 0)
    for said in document.get("verdicts", ()):
        for verdict, count in said["findings"].items():
            total[verdict] = total.get(verdict, 0) + count
    return {verdict: count for verdict, count in total.items() if count}


def next_steps(document: Mapping[str, Any]) -> list[str]:
    """What is left to do, in the order in which it should be done; never empty."""
    steps = []
    error = document.get("error") or {}
    if error.get("remedy"):
        steps.append(error["remedy"])
    log = document.get("log", ())
    for entry in log:
        steps += [
            f"Settle the open issue of {entry['migration']}: {issue}"
            for issue in entry["issues"]
            if issue.startswith("issue ") and ", open): " in issue
        ]
    by_status: dict[str, list[str]] = {}
    for entry in log:
        by_status.setdefault(entry["status"], []).append(entry["migration"])
    checking = document.get("parameters", {}).get("mode") == "check"
    for status, words in _LEFT.items():
        if status in by_status and not error:
            steps.append(words.format(", ".join(by_status[status])))
    if checking and not error and by_status.get("Pending"):
        steps.append(
            "Have the plan token approved, then run again with `--mode apply --approve TOKEN`."
        )
    if checking and not error and "versions" in document["parameters"]:
        steps.append(
            "Nothing was taken back in mode check. Have the rollback token approved, then run again"
            " with `--mode apply --approve TOKEN`."
        )
    warnings = sums(document).get(WARN, 0)
    if warnings:
        few = "1 finding says" if warnings == 1 else f"{warnings} findings say"
        steps.append(f"Look at what warns: {few} WARN, in the table below.")
    return steps or ["Nothing is left to do."]


_LEFT = {
    "Failed": "Mend and run again: {}.",
    "In progress": "Go on with: {}.",
    "Applied": "Close with its checkpoint: {}.",
    "Rolled back": "Rolled back, and can be applied again: {}.",
    "Pending": "Not applied yet: {}.",
}


def _cell(said: Mapping[str, Any] | None, seconds: float | None, longest: float) -> Cell:
    if said is None:
        return Cell()
    found = said["findings"]
    passed = said["state"] in ("passed", "done")
    worst = next((v for v in (FAIL, WARN, PASS) if found.get(v)), PASS)
    worst = SKIP if found and set(found) == {SKIP} else worst
    worst = worst if passed else FAIL
    share = round(_BAR * (seconds or 0) / longest) if longest else 0
    return Cell(f"{SIGNS[worst]} {worst}", seconds, "▮" * share)
