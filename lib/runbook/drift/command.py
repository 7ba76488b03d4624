"""The command: what was changed by hand, and the SQL that would take it back."""

from __future__ import annotations

import argparse

from .. import catalog, history
from ..cli import emit, say
from ..findings import FAIL, PASS, SKIP, Finding
from ..plan_file import read_plan
from ..project import find_project
from ..target import Target, open_target
from .compare import Compared, Drift, compare
from .mending import script
from .replay import Replayed, replay

CHECK = "Drift"


def drift(options: argparse.Namespace) -> int:
    """Hold the target's catalog against what was applied to it; exit 3 when they differ."""
    root = find_project(options.project)
    target = open_target(options.target, root)
    plan = read_plan(root)
    with target.connect(purpose="drift") as conn, conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        rows = history.read(conn)
        actual = catalog.snapshot(conn)
        roles = frozenset(name for [name] in conn.execute("select rolname from pg_roles"))
        role = conn.info.user
    replayed = replay(plan, rows)
    compared = compare(
        actual, replayed.expected, replayed.platform, roles=roles, role=role
    )  # fmt: skip
    found = findings(compared, replayed)
    if options.json:
        emit(_document(target, found, compared, replayed))
    else:
        _show(target, found, compared, replayed)
    return 3 if compared.drifts else 0


def findings(compared: Compared, replayed: Replayed) -> list[Finding]:
    """The comparison as rows."""
    rows = [
        Finding(CHECK, f"{d.change.kind} {d.change.object}", *_sides(d), FAIL)
        for d in compared.drifts
    ]
    rows += [
        Finding(CHECK, f"history {version}", "replayed", f"not compared: {why}", SKIP)
        for version, why in replayed.failed
    ]
    rows += [Finding(CHECK, "everything else", "compared", f"not compared: {note}", SKIP)
             for note in compared.notes]  # fmt: skip
    observed = f"{compared.same} objects as {replayed.count} applied files make them"
    return [*rows, Finding(CHECK, "the rest of the catalog", "as applied", observed, PASS)]


def _sides(drift: Drift) -> tuple[str, str]:
    """What was applied, what there is."""
    change = drift.change
    if drift.what == "missing":
        return change.after or "there", "missing"
    if drift.what == "added by hand":
        return "not there", f"added by hand: {change.before}".rstrip(": ")
    return change.after or "nothing", f"changed by hand: {change.before or 'nothing'}"


def _show(target: Target, found: list[Finding], compared: Compared, replayed: Replayed) -> None:
    count = len(compared.drifts)
    say(f"{target.name}: {count or 'no'} difference{'s' * (count != 1)} from what"
        f" {replayed.count} applied files make")  # fmt: skip
    for row in found:
        say(f"  {row.verdict:<4}  {row.object}: {' '.join(row.observed.split())}")
        if row.verdict == FAIL and row.expected not in ("not there", "there"):
            say(f"          applied: {' '.join(row.expected.split())}")
    if not compared.drifts:
        return
    say("\n-- SQL that would take the target back to what was applied. Nothing was run: read it;")
    say("-- what is meant to stay belongs into a migration.")
    for text in sql_of(compared):
        say(text)


def sql_of(compared: Compared) -> list[str]:
    """The reconciling SQL, in an order in which it runs; what it loses as comments."""
    mended = [drift.mend for drift in compared.drifts]
    lines = [
        f"-- {m.change.kind} {m.change.object}: {m.says}"
        for m in mended
        if m.says and not m.says.startswith("with ")
    ]
    return lines + [f"{text};" for text in script(mended)]


def _document(target: Target, found: list[Finding], compared: Compared, replayed: Replayed) -> dict:
    return {
        "target": target.name,
        "drift": [
            {"what": d.what, "kind": d.change.kind, "object": d.change.object,
             "applied": d.change.after, "there": d.change.before,
             "sql": list(d.mend.statements), "says": d.mend.says}
            for d in compared.drifts
        ],
        "sql": sql_of(compared),
        "replayed": replayed.count,
        "not_replayed": [{"version": v, "why": why} for v, why in replayed.failed],
        "findings": [row._asdict() for row in found],
    }  # fmt: skip
