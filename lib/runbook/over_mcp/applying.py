"""Apply over MCP: one text, which commits exactly what was judged, or nothing.

The runbook judges what a migration did (rows, locks, the catalog against the promises) before the
commit. Over MCP nothing can be looked at in the middle. So the text carries what is expected, first
of all what the twin showed: where the account that the server takes is that one, it commits; where
it differs, everything is taken back and the account comes out. It is judged here, by the same rules
as on a direct connection, and where it is fine, the text goes again with this account as the
expected one. The text itself holds the runner's lock and looks at history and catalog; sent too
late, it does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import catalog, history
from ..apply import Applied
from ..applying import account as accounts
from ..applying.waiting import Limits, Progress, Report, Watch, giving_way
from ..catalog import Catalog
from ..errors import NotApplied
from ..ledger import Author, Event
from ..plan import Migration
from ..target import Target
from ..twins.twin import Tried
from . import block, judging
from .connection import Connection
from .sending import Sending

_JUDGED = 4  # accounts that are judged until one stays the same
_APPLIED = "exists (select from supabase_migrations.schema_migrations as h where h.version = %s)"


def apply(
    target: Target,
    conn: Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
    *,
    forecast: Mapping[str, str] | None = None,
    tried: Tried | None = None,
) -> Applied:
    """Run one migration, its history row and its `passed` event in one transaction.

    Arguments and errors as for apply.apply(); `statement_timeout_ms` is for the whole file.

    Args:
        tried: what the twin showed; the first expectation. Without it the first text is judged and
            taken back in any case.

    Raises:
        Held: another runner is at it.
        InDoubt: the answer is lost, and nobody could say what became of the text.
    """
    applying = _Applying(target, conn, migration, author, limits, forecast)
    report(Progress(1, 1, f"{migration.file}, in one call"))
    return giving_way(
        migration.file, limits, report, Watch(), lambda number: applying.attempt(number, tried)
    )


class _Applying:
    def __init__(
        self,
        target: Target,
        conn: Connection,
        migration: Migration,
        author: Author,
        limits: Limits,
        forecast: Mapping[str, str] | None,
    ) -> None:
        self.conn, self.migration, self.forecast = conn, migration, forecast
        self.sending = Sending(target, conn, migration, author, limits)

    def attempt(self, number: int, tried: Tried | None) -> Applied:
        """Send it until the account that it takes is the one that was judged."""
        objects = catalog.snapshot(self.conn)  # type: ignore[arg-type]
        tables = accounts.open_account(self.conn)  # type: ignore[arg-type]
        judged = judging.foreseen(objects, tried)

        def judge() -> judging.AppliedOverMcp:
            return judging.judge(
                self.migration, judged, objects, tables, attempt=number, forecast=self.forecast
            )

        for _ in range(_JUDGED):
            try:
                applied = judge()
            except NotApplied:
                judged, applied = None, None  # the twin's account would not do: the target decides
            sent = self._send(number, objects, judged, applied)
            if isinstance(sent, Event) and applied:
                known = sent.detail
                return replace(applied, seconds=float(known["seconds"]), xid=known["xid"])
            assert not isinstance(sent, Event)
            judged = sent
            judge()
        raise NotApplied(
            f"{self.migration.file}: the rows that it touches change faster than its account can"
            " be judged.",
            remedy="Run this cell again when there is less traffic, or over a direct connection,"
            " which judges before the commit.",
        )

    def _send(
        self,
        number: int,
        objects: Catalog,
        judged: Mapping[str, Any] | None,
        applied: Applied | None,
    ) -> Event | Mapping[str, Any]:
        """One text; its event when it was committed, else the account to be judged."""
        migration, script = self.migration, self.migration.script
        detail = {
            "sha256": script.sha256, "statements": len(script.statements), "attempts": number,
            "notices": [], "findings": applied.findings(migration) if applied else (),
            "before": catalog.fingerprint(objects),
            "locks": dict(applied.account.locks) if applied and applied.account else {},
            "losses": accounts.losses(migration, applied.account if applied else None),
        }  # fmt: skip
        answer = self.sending.send(
            script, objects, judged, {"stage": "apply", **detail},
            stale=block.bound(_APPLIED, [migration.version]),
            history=block.bound(*history.insertion(migration)),
        )  # fmt: skip
        return answer if isinstance(answer, Event) else answer["judge"]
