"""Everything that can go wrong, drawn as a tree.

    RunbookError
    ├── Refused                 exit 2   nothing was started: usage, guard or approval
    │   ├── PlanInvalid                  plan.toml and the folder beside it disagree
    │   ├── FileInvalid                  a migration or companion file cannot be read as SQL
    │   ├── TargetRefused                the target is unknown, unreachable or unfit
    │   ├── EmbeddedUnavailable          the embedded PostgreSQL cannot start
    │   ├── NotApproved                  a protected target without the right plan token
    │   ├── OutOfOrder                   a cell, or a migration, before the one it needs
    │   ├── NoBackup                     the rows that a rollback would lose cannot be saved
    │   └── Held                         another operator holds the target
    ├── CheckFailed             exit 3   a stage or a validation found a FAIL
    ├── NotApplied              exit 4   SQL failed; the server rolled it back
    │   ├── StatementFailed              with file, line, caret and SQLSTATE
    │   └── LockTimeout                  gave way to other traffic, after the last retry
    └── InDoubt                 exit 5   the outcome is unknown; says which query decides

Each says three things: what happened, what state the database is in now, and what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class RunbookError(Exception):
    """The root: a message an operator can act on.

    Args:
        what: what happened, one sentence, with file and line where there is one.
        state: what state the database is in now.
        remedy: what to do next.
    """

    exit_code: ClassVar[int] = 1
    default_state: ClassVar[str] = ""

    def __init__(self, what: str, *, state: str = "", remedy: str = "") -> None:
        self.what = what
        self.state = state or self.default_state
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.state, self.remedy) if part)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: a cell shows the three sentences, not the frames below them."""
        return [f"{type(self).__name__}: {self.what}", self.state, self.remedy]


class Refused(RunbookError):
    exit_code = 2
    default_state = "Nothing was started; the database is as it was."


class PlanInvalid(Refused):
    pass


class FileInvalid(Refused):
    pass


class TargetRefused(Refused):
    pass


class EmbeddedUnavailable(Refused):
    pass


class NotApproved(Refused):
    pass


class OutOfOrder(Refused):
    pass


class NoBackup(Refused):
    pass


class Held(Refused):
    pass


class CheckFailed(RunbookError):
    exit_code = 3


class NotApplied(RunbookError):
    exit_code = 4
    default_state = "The transaction was rolled back: nothing of this migration remains."


class StatementFailed(NotApplied):
    pass


class LockTimeout(NotApplied):
    pass


class InDoubt(RunbookError):
    exit_code = 5
