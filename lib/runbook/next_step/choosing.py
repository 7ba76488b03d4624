"""The rules, one a situation, the worst first; the first that fits decides what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import CheckFailed, InDoubt
from ..notebook_names import VALIDATION
from ..panel.steps import DOUBT
from . import under_way
from .course import Course
from .lines import Lines
from .standing import Standing
from .tokens import IN_USE, READY, VOID, approval

_MEND = CheckFailed.exit_code
Rule = Callable[[Standing, Lines], Course | None]


def course(standing: Standing, *, project: str = "") -> Course:
    """What comes next on a target.

    Args:
        project: the folder as it was given with --project, for the commands.
    """
    asks = standing.target.protected and bool(standing.pending)
    readable = not any(step.readable for step in standing.steps)
    given = approval(standing) if asks and readable else None
    lines = Lines(standing.target, given, len(standing.pending), project)
    found = next(found for rule in _RULES if (found := rule(standing, lines)))
    return replace(found, also=tuple(_also(standing, found)))


def _at_work(s: Standing, lines: Lines) -> Course | None:
    if not s.holder:
        return None
    now = f"Somebody works on it: {s.holder} holds the runner's lock."
    return Course("at work", (now,), ("wait, or ask them; then again:", lines.typed("next")))


def _in_doubt(s: Standing, lines: Lines) -> Course | None:
    doubt = [step.migration for step in s.steps if step["apply"] == DOUBT]
    if not doubt:
        return None
    now = tuple(
        f"In doubt: the ledger says that {m.name} was applied, and the history has no row for it."
        " The row was removed, or the database was reset or restored."
        for m in doubt
    )
    steps = (
        f"{lines.typed('reconcile')}   (whether it is there; if so, how its row is written)",
        f"where it is gone: supabase migration repair --status applied {doubt[-1].version}",
        f"{lines.typed('drift')}   (and then, the SQL that makes anew what is missing)",
    )
    return Course("in doubt", now, steps, exit_code=InDoubt.exit_code)


def _unreadable(s: Standing, lines: Lines) -> Course | None:
    bad = [step for step in s.steps if step.readable]
    if not bad:
        return None
    now = tuple(f"A file cannot be read: {step.readable}" for step in bad)
    steps = (f"mend {bad[0].migration.file}", lines.typed("next"))
    return Course("file", now, steps, exit_code=_MEND)


def _other_rows(s: Standing, lines: Lines) -> Course | None:
    """The history says something else than the files: edited since, or under another version."""
    edited = [f"{row.version} {row.name}: its file was edited after it was applied."
              for row in s.there.edited]  # fmt: skip
    stamped = [f"{m} is pending, and another tool applied its SQL as version {row.version}."
               for row, m in s.there.restamped]  # fmt: skip
    if not edited and not stamped:
        return None
    steps = [f"{lines.typed('reconcile')}   (which rows can be mended; it changes nothing)"]
    if edited:
        steps.append("what it cannot: put the file back as it was applied; a change is a migration"
                     " of its own")  # fmt: skip
    kind = "edited" if edited else "re-stamped"
    return Course(kind, (*edited, *stamped), tuple(steps), exit_code=_MEND)


def _issue(s: Standing, lines: Lines) -> Course | None:
    """Open issues keep every later migration from being applied; not the one they are about."""
    own = s.open_step.migration.version if s.open_step else ""
    issue = next((each for each in s.issues if each.version != own), None)
    if issue is None:
        return None
    migration = s.migration(issue.version)
    now = (f"{migration.name if migration else issue.version}: {issue}.",
           "Nothing later is applied while it is open.")  # fmt: skip
    cell = s.cell(migration, "resolve", f'"…", number={issue.number}') if migration else ""
    return Course("issue", now, ("settle it, and say so in this cell:",), cell, _MEND)


def _drift(s: Standing, lines: Lines) -> Course | None:
    left = s.drifted_from
    if left is None:
        return None
    now = (f"Its catalog is not the one that the runbook's last step left (event {left.seq},"
           f" {left.at:%Y-%m-%d %H:%M} UTC): something was changed since, by hand or by another"
           " tool.",)  # fmt: skip
    steps = [f"{lines.typed('drift')}   (what, and the SQL to take it back; it changes nothing)"]
    if s.pending:
        now += tuple(_waiting(s, lines))
        steps += lines.onwards()
    return Course("drift", now, tuple(steps), exit_code=_MEND)


def _pending(s: Standing, lines: Lines) -> Course | None:
    if not s.pending:
        return None
    now = (*_waiting(s, lines), *under_way.taken_back(s))
    return Course("pending", now, tuple(lines.onwards()), s.cell(s.pending[0], "precheck"))


def _waiting(s: Standing, lines: Lines) -> list[str]:
    """How many, and what their token is."""
    count, given = len(s.pending), lines.approval
    said = f"{count} pending, the first {s.pending[0].name}."
    if given is None:
        return [said]
    name = f"Token {given.token}"
    by = f" (check by {given.checked})" if given.checked else ""
    by += f", approved by {given.approved}" if given.approved else ""
    if given.state == READY:
        many = "all of them" if len(given.covers) == count else f"the first {len(given.covers)}"
        return [said, f"{name}{by} covers {many}, and was not used yet."]
    if given.state == IN_USE:
        return [said, f"{name}{by} is in use, and good for {len(given.covers)} more."]
    if given.state == VOID:
        return [said, f"{name}{by} is void: {given.why.rstrip('.')}."]
    return [said, "No token for them is known here: the check prints one."]


def _to_validate(s: Standing, lines: Lines) -> Course | None:
    if s.validated:
        return None
    now = f"{_all(s)}; no record in runs/ holds a validation that passed since."
    cell = f"{Path(VALIDATION).stem}: all of its cells"
    return Course("to validate", (now,), (lines.typed("run", "validation"),), cell)


def _done(s: Standing, lines: Lines) -> Course:
    return Course("done", (f"{_all(s)}, and validated: runs/{s.validated}.",), ("nothing",))


def _all(s: Standing) -> str:
    other = sum(not step.closed for step in s.steps)
    words = "Nothing is pending: all of the plan is applied"
    return words + (f" ({other} of {len(s.steps)} by another tool)" if other else " and closed")


def _also(s: Standing, found: Course) -> list[str]:
    said = []
    if found.kind not in ("issue", "at work"):
        said += [f"{m.name if (m := s.migration(i.version)) else i.version}: {i}."
                 for i in s.issues]  # fmt: skip
    if found.kind not in ("drift", "at work", "in doubt") and s.drifted_from:
        said.append("the catalog is not the one that the runbook's last step left: `runbook drift`")
    stamped = {row.version for row, _ in s.there.restamped}
    said += [f"{row.version} {row.name} is applied, and not in the plan."
             for row in s.there.foreign if row.version not in stamped]  # fmt: skip
    said += [f"{m.name} is pending, though a later one is applied." for m in s.there.out_of_order]
    for phase in s.plan.phases:
        steps = [step for step in s.steps if step.migration.phase == phase.id]
        if s.pending and steps and all(step.closed for step in steps) and not s.validated:
            said.append(f"{phase.title} is closed, and no validation was recorded since.")
    return said


_RULES: tuple[Rule, ...] = (
    _at_work, _in_doubt, _unreadable, under_way.failed, _other_rows, under_way.rollback_failed,
    _issue, under_way.begun, _drift, _pending, _to_validate, _done,
)  # fmt: skip
