"""Rollback over MCP: the rollback file, the history row and the event in one text, or nothing.

The file runs on the target once and is taken back: what goes is known then, as behind a direct
rollback's savepoint. The catalog that it would leave is judged, the rows that go are saved, and the
text that commits holds both against what it finds itself. (docs/decisions/0020)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import catalog, ledger
from ..applying.account import open_account
from ..applying.waiting import Progress
from ..catalog import Catalog
from ..errors import InDoubt, NotApplied
from ..findings import SKIP, Finding
from ..rollback import Run, kept, proof
from ..way_back import backup
from ..way_back.loss import Loss, loss_of
from . import block, judging, saving
from .connection import Connection
from .sending import Sending

_JUDGED = 5  # texts until rows and account stay the same
_GONE = "not exists (select from supabase_migrations.schema_migrations as h where h.version = %s)"
_HISTORY = "delete from supabase_migrations.schema_migrations where version = %s"
_LOSING = ("gone", "refiled", "updated", "deleted", "dropped_columns")


class RunOverMcp(Run):
    """The attempts at one rollback; as Run, but for the way."""

    conn: Connection  # type: ignore[assignment]

    def attempt(self, number: int) -> list[Finding]:
        """Look, judge, save, and send it until rows and account are those that were judged."""
        self.sending = Sending(self.target, self.conn, self.migration, self.author, self.limits)
        try:
            return self._taken_back()
        except InDoubt:
            raise  # what was saved may be all that is left of the rows
        except KeyboardInterrupt:
            self._discard()
            raise NotApplied(f"The rollback of {self.migration.name} was interrupted.") from None
        except BaseException:
            self._discard()
            raise
        finally:
            self.conn = self.sending.conn

    def _taken_back(self) -> list[Finding]:
        held = catalog.snapshot(self.conn)  # type: ignore[arg-type]
        tables = open_account(self.conn)  # type: ignore[arg-type]
        expected = self.expected()
        answer = self._send(held, None)
        for _ in range(_JUDGED):
            assert not isinstance(answer, ledger.Event)
            seen = answer["judge"]
            changes = judging.changes(held, seen["changed"])
            rows = proof(self.migration, expected, answer["catalog"], changes)
            account = judging.account(seen, tables)
            saved = self._fetched(loss_of(account, changes))
            rows += [*kept(self.folder, saved), *_unseen(self.script.file)]
            touched = [
                tables[int(oid)].name
                for oid, each in seen["touched"].items()
                if any(each[what] for what in _LOSING)
            ]
            first = saving.held_against(touched, saved)
            answer = self._send(held, seen, rows, saved, first)
            if isinstance(answer, ledger.Event):
                return rows
            if "moved" in answer:  # the rows are others now: look again, and save them
                answer = self._send(held, None)
        raise NotApplied(
            f"{self.script.file}: the rows that go change faster than they can be saved.",
            remedy="Run this cell again when there is less traffic, or over a direct connection,"
            " which saves them under a lock.",
        )

    def _send(
        self,
        held: Catalog,
        seen: Mapping[str, Any] | None,
        rows: Sequence[Finding] = (),
        saved: backup.Backup | None = None,
        first: str = "",
    ) -> ledger.Event | Mapping[str, Any]:
        version = [self.migration.version]
        event = {
            "stage": "rollback", "sha256": self.script.sha256, "findings": rows,
            "backup": saved.detail() if saved else None,
        }  # fmt: skip
        # Its locks are no part of what is judged: the text that commits takes them earlier.
        judged = None if seen is None else {k: v for k, v in seen.items() if k != "locks"}
        return self.sending.send(
            self.script, held, judged, event, stale=block.bound(_GONE, version),
            history=block.bound(_HISTORY, version), first=first, compared="seen - 'locks'",
        )  # fmt: skip

    def _fetched(self, loss: Loss) -> backup.Backup | None:
        """The backup, on disk; None where nothing would be lost or none is wanted."""
        if self.folder is None or not (loss.tables or loss.sequences):
            return None
        backup.discard(self.folder)  # of a text whose rows were others by then
        names = ", ".join(table for table, _, _ in loss.tables)
        self.report(Progress(0, 0, "", f"saving {names}"))
        return saving.save(
            self.sending.conn, self.folder, loss, version=self.migration.version,
            target=self.target.name,
        )  # fmt: skip


def _unseen(file: str) -> list[Finding]:
    """What this way cannot show, as SKIPs."""
    return [
        Finding(check, file, wanted, why, SKIP)
        for check, wanted, why in (
            ("Runner lock", "held throughout", "held by each call alone: over MCP a session ends"
             " with its call; every call looks at history and catalog again"),
            ("Lock watch", "watched", "not watched: over MCP nobody sees who waits for whom"),
            ("Progress", "shown", "not shown: over MCP the file is one call, and is not cancelled"),
        )
    ]  # fmt: skip
