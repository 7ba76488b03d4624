"""The map of a phase: for each migration and each of its stages a word, read from the ledger.

What Python remembers plays no part, so the map is the same in a new kernel and on another machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..checkpoint import STAGES
from ..errors import FileInvalid
from ..in_hand.acknowledging import STAGE as ACKNOWLEDGE
from ..in_hand.acknowledging import asked_of
from ..ledger import DONE, FAILED, PASSED, STARTED, Event, latest, since_rollback
from ..plan import Migration

CHECKPOINT = "checkpoint"
MAP = (*STAGES, ACKNOWLEDGE, CHECKPOINT)
PASSES, FAILS, RUNS, WAITS, ELSEWHERE, EDITED, NOT_ASKED, DOUBT, STOPPED = (
    "passed", "failed", "started", "to do", "elsewhere", "file edited", "not asked", "in doubt",
    "interrupted",
)  # fmt: skip
_WORDS = {PASSED: PASSES, FAILED: FAILS, STARTED: RUNS, DONE: ELSEWHERE}


@dataclass(frozen=True)
class StepMap:
    """One migration on the map.

    Fields:
        states: a word for each stage of MAP, in its order.
        held: whether the history holds the version.
        readable: "" or why its file cannot be read now.
    """

    migration: Migration
    states: tuple[str, ...]
    held: bool
    readable: str = ""

    def __getitem__(self, stage: str) -> str:
        return self.states[MAP.index(stage)]

    @property
    def closed(self) -> bool:
        """Whether its checkpoint was passed, or somebody else's tool applied it unseen."""
        return self[CHECKPOINT] == PASSES

    @property
    def next(self) -> str:
        """The stage whose cell is to be run next; "" when it is closed."""
        if self.closed:
            return ""
        good = (PASSES, ELSEWHERE, NOT_ASKED)
        return next((s for s in MAP if self[s] not in good), "")


def step_map(migration: Migration, events: Sequence[Event], *, held: bool) -> StepMap:
    """Where this migration stands.

    Args:
        events: the ledger's events of its version, in order.
        held: whether the history holds it.
    """
    counting = since_rollback(events)
    try:
        sha256, readable = migration.script.sha256, ""
    except FileInvalid as error:
        sha256, readable = "", error.what
    states = []
    for stage in MAP:
        event = latest(counting, stage)
        if stage == ACKNOWLEDGE and not asked_of(migration):
            states.append(NOT_ASKED)
        elif event is None:
            states.append(WAITS)
        elif event.state in (PASSED, DONE) and _of_another_file(event, sha256):
            states.append(EDITED)
        elif event.state == FAILED and event.detail.get("interrupted"):
            states.append(STOPPED)  # by the operator: nothing is to be mended
        else:
            # The same SQL that this runbook applied, from a file that was edited around it.
            ours = stage == ACKNOWLEDGE or "same_as" in event.detail
            states.append(PASSES if ours and event.state == DONE else _WORDS[event.state])
    place = MAP.index("apply")
    if states[place] in (PASSES, ELSEWHERE, EDITED) and not held:
        states[place] = DOUBT
    elif states[place] == WAITS and held:
        states[place] = ELSEWHERE
    return StepMap(migration, tuple(states), held, readable)


def _of_another_file(event: Event, sha256: str) -> bool:
    return bool(sha256) and event.detail.get("sha256", sha256) != sha256
