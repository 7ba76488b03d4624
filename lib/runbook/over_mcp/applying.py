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

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg

from .. import catalog, history, ledger
from ..apply import Applied
from ..applying import account as accounts
from ..applying.waiting import PASSING, Limits, Progress, Report, Watch, giving_way
from ..catalog import Catalog
from ..errors import Held, InDoubt, NotApplied, RunbookError
from ..ledger import Author, Event
from ..plan import Migration
from ..records import journal
from ..resources import query
from ..statements.failure import commit_failed, statement_failed
from ..target import Target
from ..twins.twin import Tried
from . import block, judging, whole
from .connection import Connection, as_error

VALID_S = 60  # how long a text may be on its way
_JUDGED = 4  # accounts that are judged until one stays the same
_PAUSE_S = 0.5
_FREE = "select pg_try_advisory_xact_lock(hashtextextended('runbook.apply', 0))"


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
        self.target, self.conn, self.migration = target, conn, migration
        self.author, self.limits, self.forecast = author, limits, forecast

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
        """One text; its event when it was committed, else the account to be judged.

        Raises:
            psycopg.Error: one of PASSING; it was taken back, and may go again.
            NotApplied, Held, InDoubt: as for apply().
        """
        own = uuid.uuid4().hex
        text = self._text(own, number, objects, judged, applied)
        try:
            answer = self.conn.ask(text, timeout_ms=self.limits.statement_timeout_ms)
        except (psycopg.OperationalError, KeyboardInterrupt) as error:
            self._settle(own, error)
            answer = {"committed": True}
        if "refused" in answer:
            raise self._refused(answer["refused"])
        if "error" in answer:
            raise self._failed(answer)
        return answer["judge"] if "judge" in answer else self._journal(own)

    def _text(
        self,
        own: str,
        number: int,
        objects: Catalog,
        judged: Mapping[str, Any] | None,
        applied: Applied | None,
    ) -> str:
        migration, script = self.migration, self.migration.script
        event = ledger.prepared(
            self.author, stage="apply", state=ledger.PASSED, phase=migration.phase,
            version=migration.version, sha256=script.sha256, statements=len(script.statements),
            attempts=number, notices=[], findings=applied.findings(migration) if applied else (),
            before=catalog.fingerprint(objects), call=own, way="mcp",
            locks=dict(applied.account.locks) if applied and applied.account else {},
        )  # fmt: skip
        detail = block.literal(json.dumps(event["detail"], ensure_ascii=False))
        values = {key: block.literal(event[key]) for key in event if key != "detail"}
        statements = "\n".join(
            f"number := {at}; execute {block.literal(each.text)};"
            for at, each in enumerate(script.statements, start=1)
        )
        deadline = self.conn.execute(
            "select (clock_timestamp() + %s * interval '1 second')::text", [VALID_S]
        ).fetchone()
        tables = "array(select b.key::oid from jsonb_each(tables_before) as b)"
        return query("mcp_apply") % {
            "declared": block.DECLARED,
            "diagnostics": block.DIAGNOSTICS,
            "error": block.ERROR,
            "undo": block.UNDO,
            "summary": block.literal(whole.summary()),
            "deadline": block.literal(deadline[0] if deadline else ""),
            "version": block.literal(migration.version),
            "lock_timeout": block.literal(str(self.limits.lock_timeout_ms)),
            "tables": query("account_tables") % (),
            "locks": query("account_locks") % {"relations": tables},
            "modes": block.literal(list(accounts.MODES)),
            "read_before": _reading("objects_before", "print_before"),
            "read_after": _reading("objects_after", "print_after"),
            "before": block.literal(catalog.fingerprint(objects)),
            "statements": statements,
            "judged": "null" if judged is None else block.literal(json.dumps(judged)),
            "history": block.bound(*history.insertion(migration)),
            "detail": detail,
            "append": query("ledger_append") % {**values, "detail": "the_detail"},
        }

    def _settle(self, own: str, error: BaseException) -> None:
        """The answer is missing: return if it was committed, raise if it was not.

        The event decides. Where there is none, the text may still be running, which its lock shows,
        or still be on its way, until it is no longer valid.
        """
        began = time.monotonic()
        patience_s = VALID_S + self.limits.statement_timeout_ms / 1000 + 5
        while time.monotonic() - began < patience_s:
            try:
                self.conn = self.target.connect(purpose="settle")  # type: ignore[assignment]
                if self._event(own):
                    return
                free = self.conn.execute(_FREE).fetchone()
                if free and free[0] and time.monotonic() - began > VALID_S + 1:
                    if self._event(own):
                        return
                    break
            except KeyboardInterrupt:
                self._doubt(own)
            except (RunbookError, psycopg.OperationalError):
                if time.monotonic() - began > VALID_S + 30:
                    self._doubt(own)
            time.sleep(_PAUSE_S)
        else:
            self._doubt(own)
        if isinstance(error, KeyboardInterrupt):
            raise error
        raise NotApplied(
            f"The answer to {self.migration.file} was lost ({error}); the ledger has no event of"
            " it, and it can no longer run.",
            remedy="Run this cell again.",
        ) from None

    def _doubt(self, own: str) -> None:
        raise InDoubt(
            f"The answer to {self.migration.file} was lost, and the project could not be asked"
            " since.",
            state="In doubt: its transaction was committed or rolled back as a whole.",
            remedy="When the project answers again: select seq, at from runbook.events where"
            f" detail->>'call' = '{own}'; a row means committed. Or run this cell again, which"
            " looks first.",
        ) from None

    def _event(self, own: str) -> Event | None:
        events = ledger.read(self.conn, self.migration.version)  # type: ignore[arg-type]
        return next((e for e in events if e.detail.get("call") == own), None)

    def _journal(self, own: str) -> Event:
        event = self._event(own)
        if event is None:
            raise InDoubt(
                f"{self.migration.file} was answered as committed, and the ledger has no event of"
                " it.",
                state="In doubt: the database may have been reset or restored meanwhile.",
                remedy="Compare `runbook status` with the catalog before anything else.",
            )
        journal.write(event.journalled)
        return event

    def _refused(self, why: str) -> RunbookError:
        file = self.migration.file
        if why == "held":
            return Held(
                f"Target {self.target.name} is held by another runner.",
                remedy="Wait for them, or ask them to stop; then run this cell again.",
            )
        words = {
            "late": f"{file} reached the project later than {VALID_S} s after it was sent, and did"
            " not run.",
            "applied": f"{file} was applied meanwhile, by somebody else.",
            "changed": f"The catalog changed while {file} was on its way; it did not run.",
        }
        return NotApplied(words[why], remedy="Run this cell again: it looks first.")

    def _failed(self, answer: Mapping[str, Any]) -> RunbookError | psycopg.Error:
        script, number = self.migration.script, answer["number"]
        error = as_error(answer["error"])
        if isinstance(error, PASSING):
            return error
        if number:
            return statement_failed(script, script.statements[number - 1], error)
        return commit_failed(script, error)


def _reading(objects: str, fingerprint: str) -> str:
    """PL/pgSQL that reads the catalog under pinned settings, and gives these back."""
    return (
        f"begin\nexecute {block.literal(catalog.PINNED)};\n"
        f"execute catalog_now into {objects}, {fingerprint};\n"
        f"raise sqlstate '{block.UNDO}';\nexception when sqlstate '{block.UNDO}' then null;\nend;"
    )
