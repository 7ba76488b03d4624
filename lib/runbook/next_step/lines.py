"""Commands exactly as they are typed: nothing is left to be filled in that is known."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from ..plan import Migration
from ..target import Target
from .tokens import Approval


@dataclass(frozen=True)
class Lines:
    """The command lines for one target.

    Fields:
        approval: of what is pending; None where the target asks for none.
        pending: how many migrations wait.
        project: the folder as it was given with --project; "" where it was not.
    """

    target: Target
    approval: Approval | None = None
    pending: int = 0
    project: str = ""

    def run(self, *phases: str, mode: str = "", token: str = "") -> str:
        """`runbook run`, of these phases or of all."""
        given = (f" --mode {mode}" if mode else "") + (f" --approve {token}" if token else "")
        return self.typed("run", *phases) + given

    def onwards(self, *, mended: bool = False) -> list[str]:
        """What goes on with what is pending.

        Args:
            mended: a file is edited before, so that every token is void by then.
        """
        if not self.target.protected:
            return [self.run()]
        good = self.approval
        if mended or good is None or not good.covers:
            return [
                f"{self.run(mode='check')}   (prints the token; have it approved)",
                f"{self.run(mode='apply')} --approve TOKEN",
            ]
        first = dict.fromkeys(m.phase for m in good.covers)
        phases = () if len(good.covers) == self.pending else tuple(first)
        line = self.run(*phases, mode="apply", token=good.token)
        if not good.waits_for_another:
            return [line]
        other = f"somebody else than {good.checked}" if good.checked else "a second person"
        approve = f"{self.typed('approve', good.token)}   (by {other})"
        return [approve, f"{line} --require-other-approver"]

    def roll_back(self, migration: Migration) -> str:
        """`runbook rollback`; on a protected target its check, which prints the token."""
        line = self.typed("rollback", migration.key)
        if not self.target.protected:
            return line
        return f"{line} --mode check   (shows what would go, prints the token)"

    def typed(self, command: str, *more: str) -> str:
        """A command on this target."""
        words = ["runbook", command, *map(quote, more), "--target", quote(self.target.name)]
        if self.project:
            words += ["--project", quote(self.project)]
        return " ".join(words)
