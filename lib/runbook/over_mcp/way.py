"""How the stages work over MCP; what `stages` has of its own for a direct connection."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ..apply import Applied
from ..errors import FileInvalid
from ..findings import FAIL, SKIP, Finding
from ..plan import Migration
from ..scenarios.directives import Scenario
from . import applying, measuring

if TYPE_CHECKING:
    from ..in_hand.opened import OpenPhase

_SESSION = "the project's session pooler (port 5432), named as service=NAME or env:VAR"


def unfit(migration: Migration) -> list[Finding]:
    """What this way cannot do with the file, and what it never sees."""
    rows = []
    if not migration.script.transactional:
        observed = f"its parts need a session, which MCP does not keep; use {_SESSION}"
        rows.append(Finding("Over MCP", migration.file, "one transaction", observed, FAIL))
    waiting = "not known: over MCP nobody sees who waits for whom"
    return [*rows, Finding("Blockers", "existing tables", "watched", waiting, SKIP)]


def alone(_phase: OpenPhase) -> AbstractContextManager[None]:
    """The text that applies takes the runner lock itself: a call's lock ends with the call."""
    return nullcontext()


def run(phase: OpenPhase, migration: Migration, forecast: dict[str, str] | None) -> Applied:
    """Apply a file in one call.

    Raises:
        FileInvalid: it cannot run in one transaction.
    """
    if not migration.script.transactional:
        raise FileInvalid(
            f"{migration.file} does not run in one transaction, and over MCP nothing else can be"
            " done safely.",
            remedy=f"Use {_SESSION}.",
        )
    return applying.apply(
        phase.target, phase.conn, migration, phase.author, phase.limits, phase.progress,  # type: ignore[arg-type]
        forecast=forecast, tried=phase.tried(migration),
    )  # fmt: skip


def measure(
    phase: OpenPhase, migration: Migration, played: Scenario
) -> tuple[list[Finding], dict[str, Any]]:
    """The scenario, in one call that takes it back."""
    return measuring.measure(phase.conn, migration, played)  # type: ignore[arg-type]
