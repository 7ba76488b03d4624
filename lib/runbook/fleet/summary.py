"""What the fleet is like, and what became of it, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..approvals import second
from .run import Run
from .survey import BEGUN, DONE, DRIFTED, FRESH, UNREACHABLE
from .work import FAILED, HELD_BACK, PASSED

_MOST = 5
_NUMBERS = re.compile(r"\b[0-9a-f]{12,}\b|\b[0-9]+\b")
_CODES = {DRIFTED: 3, UNREACHABLE: 2, HELD_BACK: 2}


def outlook(run: Run) -> str:
    """What was seen of the targets, wave by wave, with the tokens that the waves need."""
    return "\n".join(_outlook(run))


def _outlook(run: Run) -> Iterator[str]:
    states = Counter(each.state for each in run.seen.values())
    order = (DONE, BEGUN, FRESH, DRIFTED, UNREACHABLE)
    counts = ", ".join(f"{states[state]} {state}" for state in order if states[state])
    yield f"{len(run.seen)} targets: {counts}"
    if run.like:
        yield f"Fresh ones have catalog {run.like.catalog[:16]}… and these files pending:"
        for version in run.like.waiting:
            migration = run.plan.migration(version)
            yield f"  {migration.file}  sha256 {migration.script.sha256[:16]}…"
    for number in range(1, run.fleet.waves + 1):
        token = run.token(number)
        approval = f", approve it with: {token}" if token else ""
        yield f"Wave {number}: {len(run.fleet.wave(number))} targets{approval}"
        asking = run.asking(number)
        words = sum(run.own_token(seen) in seen.approved for seen in asking)
        if token and (words or second.required()):
            yield f"  a second person's word: {words} of {len(asking)} ledgers have it"
            if words < len(asking):
                yield f"  runbook fleet approve {token}   # writes it into the others"
    for each in run.seen.values():
        if each.state in (DRIFTED, UNREACHABLE):
            yield f"  {each.name}: {each.state}: {each.why}"


def causes(outcomes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Targets that are not through, by cause; the same words about two targets are one cause."""
    found: dict[str, list[str]] = {}
    for name, outcome in outcomes.items():
        if outcome["outcome"] in (PASSED, DONE):
            continue
        error = outcome.get("error") or {}
        what = str(error.get("what", "")).split("\n", 1)[0]
        cause = f"{error.get('kind') or outcome['outcome']}: {what}" if what else ""
        cause = _NUMBERS.sub("…", cause.replace(name, "…")) or str(outcome["outcome"])
        found.setdefault(cause, []).append(name)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def ending(run: Run) -> str:
    """How it ended, in words."""
    counted = Counter(str(outcome["outcome"]) for outcome in run.outcomes.values())
    left = len(run.fleet.members) - len(run.outcomes)
    if left:
        counted["not started"] = left
    lines = [", ".join(f"{count} {what}" for what, count in counted.most_common())]
    for cause, names in causes(run.outcomes).items():
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        lines.append(f"  {len(names)} × {cause}\n      {', '.join(names[:_MOST])}{more}")
    if run.stopped:
        lines.append(f"Stopped: {run.stopped}. Run it again: only what is not through is run.")
    return "\n".join(lines)


def exit_code(run: Run) -> int:
    """The worst of what happened, as the command line returns it."""
    codes = [_CODES.get(str(o["outcome"]), 0) for o in run.outcomes.values()]
    codes += [
        int((o.get("error") or {}).get("exit_code", 3))
        for o in run.outcomes.values()
        if o["outcome"] == FAILED
    ]
    return max([*codes, 2 if run.stopped else 0])
