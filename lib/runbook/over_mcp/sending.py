"""A file that changes the database, sent as one text, and what became of it.

The text commits exactly what was judged, with its history row and its event, or nothing. It guards
itself (runner's lock, history, catalog, time), and whose answer is lost is settled by the ledger.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import psycopg

from .. import catalog, ledger
from ..applying import account as accounts
from ..applying.waiting import PASSING, Limits
from ..catalog import Catalog
from ..errors import Held, InDoubt, NotApplied, RunbookError
from ..ledger import Author, Event
from ..plan import Migration
from ..records import journal
from ..redact import redact
from ..resources import query
from ..sql import Script
from ..statements.failure import commit_failed, statement_failed
from ..target import Target
from . import block, whole
from .connection import Connection, as_error

VALID_S = 60  # how long a text may be on its way
UNREACHABLE_S = 30  # after that: how long a project may not answer
BEFORE = -1  # the number of no statement: while `first` runs
_PAUSE_S = 0.5
_FREE = "select pg_try_advisory_xact_lock(hashtextextended('runbook.apply', 0))"


class Sending:
    """One migration's texts; `conn` is another one once an answer was lost."""

    def __init__(
        self, target: Target, conn: Connection, migration: Migration, author: Author, limits: Limits
    ) -> None:
        self.target, self.conn, self.migration = target, conn, migration
        self.author, self.limits = author, limits

    def send(
        self,
        script: Script,
        objects: Catalog,
        judged: Mapping[str, Any] | None,
        event: Mapping[str, Any],
        *,
        stale: str,
        history: str,
        first: str = "",
        compared: str = "seen",
    ) -> Event | Mapping[str, Any]:
        """One text; its event when it was committed, else what the text answered.

        Args:
            script: whose statements run.
            objects: the catalog that they were judged by.
            judged: the account that is committed; None: taken back and given out in any case.
            event: the ledger's, `stage` among it.
            stale, history: SQL: whether somebody else was faster, and the change of the history.
            first: PL/pgSQL that runs before the tables are looked at; may set `answer` and undo.
            compared: SQL: what of the account is held against `judged`.

        Raises:
            psycopg.Error: one of PASSING; it was taken back, and may go again.
            StatementFailed, NotApplied, Held: nothing was changed.
            InDoubt: the answer is lost, and nobody could say what became of the text.
        """
        own = uuid.uuid4().hex
        values = {
            "stale": stale, "history": history, "compared": compared,
            "first": f"number := {BEFORE};\n{first}" if first else "",
            "judged": "null" if judged is None else block.literal(json.dumps(judged)),
            "statements": "\n".join(
                f"number := {at}; execute {block.literal(each.text)};"
                for at, each in enumerate(script.statements, start=1)
            ),
            **self._event_values(own, event),
            **self._guards(objects),
        }  # fmt: skip
        text = query("mcp_change") % values
        try:
            answer = self.conn.ask(text, timeout_ms=self.limits.statement_timeout_ms)
        except (psycopg.OperationalError, KeyboardInterrupt) as error:
            self._settle(script.file, own, error)
            answer = {"committed": True}
        if "refused" in answer:
            raise self._refused(script.file, answer["refused"])
        if "error" in answer:
            raise _failed(script, answer)
        return self._journal(script.file, own) if "committed" in answer else answer

    def _event_values(self, own: str, event: Mapping[str, Any]) -> dict[str, str]:
        made = ledger.prepared(
            self.author, state=ledger.PASSED, phase=self.migration.phase,
            version=self.migration.version, call=own, way="mcp", **event,
        )  # fmt: skip
        detail = block.literal(json.dumps(made["detail"], ensure_ascii=False))
        values = {key: block.literal(made[key]) for key in made if key != "detail"}
        append = query("ledger_append") % {**values, "detail": "the_detail"}
        return {"detail": detail, "append": append}

    def _guards(self, objects: Catalog) -> dict[str, str]:
        deadline = self.conn.execute(
            "select (clock_timestamp() + %s * interval '1 second')::text", [VALID_S]
        ).fetchone()
        tables = "array(select b.key::oid from jsonb_each(tables_before) as b)"
        return {
            "declared": block.DECLARED,
            "diagnostics": block.DIAGNOSTICS,
            "error": block.ERROR,
            "undo": block.UNDO,
            "summary": block.literal(whole.summary()),
            "deadline": block.literal(deadline[0] if deadline else ""),
            "lock_timeout": block.literal(str(self.limits.lock_timeout_ms)),
            "tables": query("account_tables") % (),
            "locks": query("account_locks") % {"relations": tables},
            "modes": block.literal(list(accounts.MODES)),
            "read_before": _reading("objects_before", "print_before"),
            "read_after": _reading("objects_after", "print_after"),
            "before": block.literal(catalog.fingerprint(objects)),
        }

    def _settle(self, file: str, own: str, error: BaseException) -> None:
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
                self._doubt(file, own)
            except (RunbookError, psycopg.OperationalError):
                if time.monotonic() - began > VALID_S + UNREACHABLE_S:
                    self._doubt(file, own)
            time.sleep(_PAUSE_S)
        else:
            self._doubt(file, own)
        if isinstance(error, KeyboardInterrupt):
            raise error
        raise NotApplied(
            f"The answer to {file} was lost ({error}); the ledger has no event of it, and it can no"
            " longer run.",
            remedy="Run this cell again.",
        ) from None

    def _doubt(self, file: str, own: str) -> None:
        raise InDoubt(
            f"The answer to {file} was lost, and the project could not be asked since.",
            state="In doubt: its transaction was committed or rolled back as a whole.",
            remedy="When the project answers again: select seq, at from runbook.events where"
            f" detail->>'call' = '{own}'; a row means committed. Or run this cell again, which"
            " looks first.",
        ) from None

    def _event(self, own: str) -> Event | None:
        events = ledger.read(self.conn, self.migration.version)  # type: ignore[arg-type]
        return next((e for e in events if e.detail.get("call") == own), None)

    def _journal(self, file: str, own: str) -> Event:
        event = self._event(own)
        if event is None:
            raise InDoubt(
                f"{file} was answered as committed, and the ledger has no event of it.",
                state="In doubt: the database may have been reset or restored meanwhile.",
                remedy="Compare `runbook status` with the catalog before anything else.",
            )
        journal.write(event.journalled)
        return event

    def _refused(self, file: str, why: str) -> RunbookError:
        if why == "held":
            return Held(
                f"Target {self.target.name} is held by another runner.",
                remedy="Wait for them, or ask them to stop; then run this cell again.",
            )
        words = {
            "late": f"{file} reached the project later than {VALID_S} s after it was sent, and did"
            " not run.",
            "stale": f"Somebody else was faster than {file}: the history of"
            f" {self.migration.version} was changed meanwhile.",
            "changed": f"The catalog changed while {file} was on its way; it did not run.",
        }
        return NotApplied(words[why], remedy="Run this cell again: it looks first.")


def _failed(script: Script, answer: Mapping[str, Any]) -> RunbookError | psycopg.Error:
    number, error = answer["number"], as_error(answer["error"])
    if isinstance(error, PASSING):
        return error
    if number == BEFORE:
        words = redact(f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})")
        return NotApplied(
            f"{script.file} did not run: what it touches could not be locked and read: {words}.",
            remedy="Run this cell again: it looks first.",
        )
    if number:
        return statement_failed(script, script.statements[number - 1], error)
    return commit_failed(script, error)


def reading(query_sql: str, into: str, settings: str = catalog.PINNED) -> str:
    """PL/pgSQL that reads under settings of its own, and gives these back."""
    return (
        f"begin\nexecute {block.literal(settings)};\n"
        f"execute {query_sql} into {into};\n"
        f"raise sqlstate '{block.UNDO}';\nexception when sqlstate '{block.UNDO}' then null;\nend;"
    )


def _reading(objects: str, fingerprint: str) -> str:
    return reading("catalog_now", f"{objects}, {fingerprint}")
