"""What the end of a run means: an outcome, an exit code and the three sentences of an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import CheckFailed, InDoubt, Refused, RunbookError
from ..redact import redact

PASSED, FAILED, INTERRUPTED, REFUSED = "passed", "failed", "interrupted", "refused"
VERDICTS = {
    PASSED: "passed",
    FAILED: "failed",
    INTERRUPTED: "was interrupted",
    REFUSED: "was refused",
}
STATE = (
    "A transaction without its client is rolled back, unless its commit had been sent before: "
    "a migration in a transaction is applied whole or not at all."
)
RAISED = "What was committed before stays; a transaction that was still open is rolled back."
REMEDY = "`runbook status` tells what is applied; then run the phase again, it goes on from there."


def of(error: BaseException | None) -> dict[str, Any]:
    """`outcome`, `exit_code` and `error` of a run that ended with this exception."""
    match error:
        case None:
            return {"outcome": PASSED, "exit_code": 0, "error": None}
        case Refused():
            return _ended(REFUSED, error)
        case RunbookError():
            return _ended(FAILED, error)
        case KeyboardInterrupt() | SystemExit():
            what = str(error) if isinstance(error, KeyboardInterrupt) and str(error) else ""
            return _ended(INTERRUPTED, InDoubt(what or "Interrupted.", state=STATE, remedy=REMEDY))
    if hasattr(error, "ename"):
        return _raised_in_cell(error.ename, error.evalue, error.traceback)
    return _ended(
        FAILED,
        RunbookError(f"{type(error).__name__}: {error}", state=STATE, remedy=REMEDY),
    )


def abandoned(cell: str, ran: str = "the notebook") -> dict[str, Any]:
    """The outcome of a run whose process was killed; `cell` names the one that was running."""
    between = ", between two cells" if ran == "the notebook" else ""
    where = f", while this cell was running: {cell}" if cell else between
    return _ended(
        INTERRUPTED,
        InDoubt(
            f"The process that ran {ran} ended without closing it{where}. "
            "It was killed, the machine stopped, or its disk was full.",
            state=STATE,
            remedy=REMEDY,
        ),
    )


def _raised_in_cell(name: str, message: str, traceback: Sequence[str]) -> dict[str, Any]:
    """The error that a cell showed. Its class is known here by name only."""
    kind = _tree(RunbookError).get(name)
    if kind is not None:
        error = kind("")
        error.what, error.state, error.remedy = _sentences(kind, message, traceback)
        return _ended(REFUSED if issubclass(kind, Refused) else FAILED, error, name)
    if name == "AssertionError":
        return _ended(
            FAILED,
            CheckFailed(
                f"An assertion failed: {message}".rstrip(": "), state=RAISED, remedy=REMEDY
            ),
            name,
        )
    if name == "KeyboardInterrupt":
        return _ended(INTERRUPTED, InDoubt("The cell was interrupted.", state=STATE, remedy=REMEDY))
    what = f"{name}: {message}"
    if name == "StdinNotImplementedError":
        what = "The cell asks for input, and nobody is there to answer in a headless run."
    return _ended(FAILED, RunbookError(what, state=RAISED, remedy=REMEDY), name)


def _sentences(
    kind: type[RunbookError], message: str, traceback: Sequence[str]
) -> tuple[str, str, str]:
    """What, state and remedy: from the rendered traceback when it keeps them apart."""
    if len(traceback) == 3:
        return traceback[0].removeprefix(f"{kind.__name__}: "), traceback[1], traceback[2]
    lines = message.splitlines()
    if kind.default_state in lines[1:]:
        at = lines.index(kind.default_state, 1)
        return "\n".join(lines[:at]), lines[at], "\n".join(lines[at + 1 :])
    if len(lines) > 2:
        return "\n".join(lines[:-2]), lines[-2], lines[-1]
    return message, kind.default_state, ""


def _tree(root: type[RunbookError]) -> dict[str, type[RunbookError]]:
    found = {root.__name__: root}
    for kind in root.__subclasses__():
        found |= _tree(kind)
    return found


def _ended(outcome: str, error: RunbookError, name: str = "") -> dict[str, Any]:
    return {
        "outcome": outcome,
        "exit_code": error.exit_code,
        "error": {
            "kind": name or type(error).__name__,
            "what": redact(error.what),
            "state": redact(error.state),
            "remedy": redact(error.remedy),
        },
    }
