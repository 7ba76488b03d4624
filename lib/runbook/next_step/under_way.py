"""The one migration that was begun and is not closed: failed, interrupted, half way, or waiting."""

from __future__ import annotations

from ..checkpoint import STAGES
from ..errors import CheckFailed, NotApplied
from ..findings import failed as failed_rows
from ..guide import remedies
from ..ledger import FAILED, Event, latest, since_rollback
from ..panel.steps import CHECKPOINT, EDITED, FAILS, RUNS, STOPPED, StepMap
from ..plan import Migration
from .course import Course
from .lines import Lines
from .standing import Standing

_AGAIN = "Run this cell again"


def failed(s: Standing, lines: Lines) -> Course | None:
    """A stage that failed: which, its first failing check, and how it is mended."""
    step = s.open_step
    stage = next((e for e in ("verify", "test", "apply", "precheck") if step and step[e] == FAILS),
                 "")  # fmt: skip
    if step is None or not stage or (step.held and stage in ("precheck", "apply")):
        return None
    migration = step.migration
    event = latest(_counting(s, migration), stage)
    assert event is not None
    cell, code = s.cell(migration, "precheck"), CheckFailed.exit_code
    edited = event.detail.get("sha256") not in (None, migration.script.sha256)
    since = "; its file was edited since." if edited else "."
    if step.held:
        now = (_said(event, migration), f"It is applied and committed{since}")
        mend = f"mend {migration.file}, or what its test declares"
        steps = (
            lines.roll_back(migration), *([] if edited else [mend]), *lines.onwards(mended=True)
        )  # fmt: skip
        return Course("failed", now, steps, cell, code)
    left = _half(s, migration) or f"Nothing of it is applied{since}"
    if edited:  # mended, as far as can be known: the next run says whether it is
        return Course("begun", (_said(event, migration), left), tuple(lines.onwards()), cell)
    mending = _mending(event, migration)
    steps = (*mending, *lines.onwards(mended=bool(mending)))
    if stage == "apply":
        code = NotApplied.exit_code
    return Course("failed", (_said(event, migration), left), steps, cell, code)


def rollback_failed(s: Standing, lines: Lines) -> Course | None:
    """The last that was tried of a migration is its way back, and it was rolled back itself."""
    for step in reversed(s.steps):
        migration = step.migration
        event = next(reversed(s.of(migration.version)), None)
        if event and event.stage == "rollback" and event.state == FAILED:
            now = (_said(event, migration), "It is still applied; nothing was lost.")
            mend = f"mend migrations/rollback/{migration.path.name}, or move what stands on it"
            kept = f'or keep it, and say so: {migration.variable}.note("…")'
            steps = (mend, lines.roll_back(migration), kept)
            return Course("failed", now, steps, exit_code=NotApplied.exit_code)
    return None


def begun(s: Standing, lines: Lines) -> Course | None:
    """Interrupted, killed, half way in parts, or simply not at its end: its next cell goes on."""
    step = s.open_step
    if step is None or not any(e.stage in (*STAGES, "part") for e in _counting(s, step.migration)):
        return None
    migration = step.migration
    now = [_stopped(s, step), _half(s, migration)]
    stage = "precheck" if EDITED in (step["precheck"], step["apply"]) else step.next or CHECKPOINT
    if stage == "precheck" and step["precheck"] == EDITED:
        now.append(f"{migration.name}: its file was edited since its precheck.")
    if step.held:
        now.append(f"{migration.name} is applied and committed, and not closed: {stage} is next.")
    elif not any(now):
        now.append(f"{migration.name} was prechecked; nothing of it is applied.")
    steps = lines.onwards()
    waiting = {m.version for m in s.pending}
    phase = s.plan.phase(migration.phase)
    if s.target.protected and waiting.isdisjoint(m.version for m in phase.migrations):
        steps = [lines.run(phase.id, mode="apply")]  # nothing is left to approve
    kind = "half way" if migration.version in s.parts else "begun"
    cell = s.cell(migration, stage)
    return Course(kind, tuple(filter(None, now)), tuple(steps), cell)


def taken_back(s: Standing) -> list[str]:
    """What was applied once and is pending again, in words."""
    said = []
    for migration in s.pending:
        events = s.of(migration.version)
        back = latest((e for e in events if e.state == "passed"), "rollback")
        if back is None or since_rollback(events):
            continue
        before = latest((e for e in events if e.seq < back.seq and e.state == "passed"), "apply")
        same = before and before.detail.get("sha256") == migration.script.sha256
        kept = (back.detail.get("backup") or {}).get("folder")
        said.append(
            f"{migration.name} was taken back {_when(back)}"
            + (", and its file is as it was then" if same else "; its file was edited since")
            + (f"; its rows are in {kept}" if kept else "")
            + "."
        )
    return said


def _counting(s: Standing, migration: Migration) -> list[Event]:
    return since_rollback(s.of(migration.version))


def _said(event: Event, migration: Migration) -> str:
    """What failed, in one line; its last sentence is the check's or the server's own."""
    bad = failed_rows(event.findings)
    error = str(event.detail.get("error", "")).split("\n", 1)[0]
    why = remedies.in_a_line(bad) if bad else error or "the ledger does not say why"
    return f"{migration.name}: {event.stage} failed {_when(event)}: {why}"


def _mending(event: Event, migration: Migration) -> list[str]:
    """What is to be mended first, in the remedy's own words; nothing where it is enough to try."""
    bad = failed_rows(event.findings)
    if bad:
        words = remedies.mends(bad[0], migration)
    else:
        last = str(event.detail.get("error", "")).rsplit("\n", 1)[-1]
        words = "" if last.startswith(_AGAIN) else last.replace(" and run this cell again", "")
        words = words.replace("Mend the file", f"Mend {migration.file}")
    return [words[0].lower() + words[1:].rstrip(".")] if words else []


def _stopped(s: Standing, step: StepMap) -> str:
    """Who was stopped, and in what; "" where nobody was."""
    for stage in STAGES:
        event = latest(_counting(s, step.migration), stage)
        if event and step[stage] == STOPPED:
            return (
                f"{step.migration.name}: {stage} was interrupted {_when(event)}; there is nothing"
                " to mend."
            )
        if event and step[stage] == RUNS and not step.held:
            undone = "" if step.migration.version in s.parts else ", and nothing of it is applied"
            return (
                f"{step.migration.name}: {stage} was begun {_when(event)} and did not come to its"
                f" end; nobody is at it now{undone}."
            )
    return ""


def _half(s: Standing, migration: Migration) -> str:
    if migration.version not in s.parts:
        return ""
    done, all_ = s.parts[migration.version]
    return (
        f"{done} of {all_} parts of {migration.name} are committed; the next run goes on after"
        " them."
    )


def _when(event: Event) -> str:
    return f"{event.at:%Y-%m-%d %H:%M} UTC ({event.operator})"
