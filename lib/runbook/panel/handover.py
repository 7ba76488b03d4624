"""The hand-over card: what whoever takes over has to know, read from the database.

`phase.handover()` in a notebook, `runbook handover` in a terminal; the same card.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psycopg

from .. import ledger
from ..cli import emit, say
from ..humane import humane
from ..next_step.choosing import course
from ..next_step.lines import Lines
from ..next_step.standing import look
from ..plan import Plan
from ..plan_file import read_plan
from ..project import find_project
from ..resources import query
from ..target import Target, open_target
from .steps import CHECKPOINT, DOUBT, EDITED, FAILS, STOPPED, StepMap
from .view import environment_of

_BY_HAND = "or `runbook lab`, and the next cell"


@dataclass(frozen=True)
class Card:
    """Everything on the card, as words.

    Fields:
        where: target, environment, database.
        counts: of the whole plan.
        now: what is the matter, as `runbook next` says it; `resume` are its steps.
    done: closed migrations, with when and by whom; the latest first.
        open: applied and not closed, failed, or begun.
        doubt: what nobody can be sure of, and how to settle it.
        next: notebook and cell.
        issues: open ones.
        roll_back: the command for the last applied migration; "" when none of the plan is.
        locks: who holds what.
        resume: the commands to go on with.
    """

    where: str
    counts: str
    now: tuple[str, ...]
    done: tuple[str, ...]
    open: tuple[str, ...]
    doubt: tuple[str, ...]
    next: str
    issues: tuple[str, ...]
    roll_back: str
    locks: tuple[str, ...]
    resume: tuple[str, ...]

    def __str__(self) -> str:
        rows = [
            ("Where", (self.where,)), ("State", (self.counts,)), ("In doubt", self.doubt),
            ("Begun", self.open), ("Now", self.now), ("Next", (self.next,)),
            ("Issues", self.issues), ("Locks", self.locks), ("Resume", self.resume),
            ("Roll back", (self.roll_back,) if self.roll_back else ()), ("Done", self.done),
        ]  # fmt: skip
        told = ["Hand-over card"]
        for label, values in rows:
            told += [f"  {label if not n else '':<11}{value}"
                     for n, value in enumerate(values or ("none",))]  # fmt: skip
        return "\n".join(told)


def card(plan: Plan, target: Target, conn: psycopg.Connection) -> Card:
    """Read everything anew; nothing is changed.

    Args:
        conn: to the target.
    """
    standing = look(plan, target, conn)
    identity, there, steps = standing.identity, standing.there, standing.steps
    following = course(standing)
    applied = len(there.applied) + len(there.edited)
    last = next((step for step in reversed(steps) if step.held), None)
    return Card(
        where=f"{environment_of(target)}: {target.name}, database {identity.database},"
        f" PostgreSQL {identity.version}",
        counts=f"{applied} of {len(plan.everything)} applied, {len(there.pending)} pending,"
        f" {len(there.edited)} edited, {len(there.foreign)} foreign",
        now=following.now,
        done=tuple(_done(steps, standing.events)),
        open=tuple(_begun(steps)),
        doubt=tuple(_doubt(steps)),
        next=following.cell or following.steps[0],
        issues=tuple(f"{_name(plan, issue.version)}: {issue}" for issue in standing.issues),
        roll_back=Lines(target).roll_back(last.migration) if last else "",
        locks=tuple(_locks(conn)),
        resume=(*following.steps, _BY_HAND),
    )


def command(options: argparse.Namespace) -> int:
    """`runbook handover`: the card, or as one JSON document."""
    root = find_project(options.project)
    target = open_target(options.target, root)
    with target.connect(purpose="handover") as conn:
        made = card(read_plan(root), target, conn)
    emit({"target": target.name, **asdict(made)}) if options.json else say(str(made))
    return 0


def _done(steps: Sequence[StepMap], events: Sequence[ledger.Event]) -> list[str]:
    said = []
    for step in reversed(steps):
        if step.closed:
            own = [e for e in events if e.version == step.migration.version]
            end = ledger.latest(own, CHECKPOINT)
            assert end is not None
            said.append(f"{step.migration}: closed {end.at:%Y-%m-%d %H:%M} UTC by {end.operator}")
        elif step.held and step["apply"] == "elsewhere":
            said.append(f"{step.migration}: applied, and not by this runbook")
    return said


def _begun(steps: Sequence[StepMap]) -> list[str]:
    said = []
    for step in steps:
        failed = [
            f"{stage} {'failed' if step[stage] == FAILS else 'was interrupted'}"
            for stage in ("precheck", "apply", "verify", "test")
            if step[stage] in (FAILS, STOPPED)
        ]
        if failed:
            said.append(f"{step.migration.name}: {failed[0]}"
                        + (", and it is applied" if step.held else ", and nothing of it is"
                           " applied"))  # fmt: skip
        elif step.held and not step.closed and step["apply"] != "elsewhere":
            edited = "; its file was edited since" if EDITED in step.states else ""
            said.append(f"{step.migration.name}: applied, and not closed"
                        f" ({step.next} is next){edited}")  # fmt: skip
        elif not step.held and step["apply"] == "started":
            said.append(f"{step.migration.name}: its apply was started, and not finished")
    return said


def _doubt(steps: Sequence[StepMap]) -> list[str]:
    return [
        f"{step.migration.name}: the ledger says applied, the history has no row for it;"
        " compare the catalog with the file before anything else"
        for step in steps
        if step["apply"] == DOUBT
    ]


def _locks(conn: psycopg.Connection) -> list[str]:
    said = []
    runner = conn.execute(query("lock_holder")).fetchone()
    if runner:
        pid, role, application, since = runner
        said.append(f"the runner's lock: {application} (pid {pid}, role {role}, since {since} UTC)")
    for pid, role, application, state, seconds, locks in conn.execute(query("lock_holders")):
        age = f" for {humane(seconds)}" if seconds is not None else ""
        said.append(f"pid {pid}, role {role}, {application or 'no name'} ({state}{age}): {locks}")
    return said


def _name(plan: Plan, version: str) -> str:
    return next((m.name for m in plan.everything if m.version == version), version)
