"""Restore: the rows of a backup back in their tables, after the migration was applied again.

One transaction, as the tables' owner and without a superuser's powers: user triggers are switched
off while the rows go in, so that nothing happens twice; foreign keys are made to wait for the end,
so that neither order nor cycles matter. Before the commit every key is checked, every row counted
and hashed, and the catalog must be what it was: a trigger left off would be a trap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from .. import catalog, ledger
from ..apply import begin
from ..applying.account import Counters, close_account, open_account
from ..applying.waiting import PASSING, Limits, Report, giving_way, watched
from ..errors import CheckFailed, NotApplied, Refused
from ..findings import PASS, WARN, Finding
from ..in_hand.baseline import measure_table
from ..ledger import PASSED, Author
from ..records import journal
from ..redact import redact
from ..resources import query
from ..target import Identity, Target, leave_session
from . import backup
from .backup import DROPPED, Backup, Saved
from .rows_back import as_quoted, copy_in, merge

_STATES = {"O": "enable", "A": "enable always", "R": "enable replica"}


def find(project: Path, name: str) -> list[Path]:
    """The folders of the backups that a record, or a folder, holds.

    Raises:
        Refused: there is none.
    """
    runs = project / "runs"
    places = [Path(name), runs / name, runs / "backups" / name, *runs.glob(f"*{name}")]
    places += (runs / "backups").glob(f"*{name}")
    for place in places:
        found = sorted(index.parent for index in place.rglob(backup.INDEX)) if name else []
        if found:
            return found
    raise Refused(
        f"There is no backup in {name!r}.",
        remedy="Name a record of a rollback (`runbook audit list`), or a folder of runs/backups/.",
    )


def token(identity: Identity, fingerprint: str, backups: Sequence[Backup]) -> str:
    """What an approver approves: these rows, into this database as it is now."""
    covered = [[t.table, t.sha256] for each in backups for t in each.tables]
    text = json.dumps(["restore", identity.key, fingerprint, covered])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def put_back(
    target: Target,
    conn: psycopg.Connection,
    backups: Sequence[Backup],
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
    *,
    replace: Path | None = None,
) -> list[Finding]:
    """Put the rows of these backups back, all of them or none; with the event, in one transaction.

    Args:
        backups: read and held against their digests; no table twice.
        replace: where rows of a re-created table that are not in the backup are saved before they
            make room (those that the re-apply wrote itself, for example); None refuses instead.

    Raises:
        Refused: a table is missing, lacks a column, or holds other rows; nothing was changed.
        CheckFailed: the rows would not be those of the backup; nothing was changed.
        NotApplied: the server refused them; rolled back.
    """

    def attempt(_: int) -> list[Finding]:
        try:
            with conn.transaction():
                begin(conn, limits)
                rows = _Restore(target, conn, backups, replace).run()
                event = ledger.append(
                    conn, author, stage="restore", state=PASSED, findings=rows,
                    version=" ".join(each.version for each in backups),
                    backups=[each.detail() for each in backups],
                )  # fmt: skip
        except PASSING:
            raise
        except psycopg.Error as error:
            if conn.closed:
                raise NotApplied(
                    "The connection was lost while rows were put back.",
                    state="They are back as a whole, or not at all.",
                    remedy="Run it again: it looks first, and rows that are there stay.",
                ) from None
            said = " ".join((error.diag.message_primary or str(error)).split())
            raise NotApplied(
                redact(f"The rows cannot be put back: {said} (SQLSTATE {error.sqlstate})."),
                state="The transaction was rolled back: the database is as it was.",
                remedy="Is the migration applied as it was when the rows were saved?",
            ) from None
        finally:
            leave_session(conn)
        journal.write(event)
        return rows

    ledger.ensure(conn)
    with watched(target, conn, limits, report) as watch:
        return giving_way("restore", limits, report, watch, attempt)


class _Restore:
    """One restore, inside of its transaction."""

    def __init__(
        self,
        target: Target,
        conn: psycopg.Connection,
        backups: Sequence[Backup],
        replace: Path | None,
    ) -> None:
        self.target, self.conn, self.backups, self.replace = target, conn, backups, replace
        self.tables = [(each.folder, item) for each in backups for item in each.tables]
        self.names = [item.table for _, item in self.tables]

    def run(self) -> list[Finding]:
        conn = self.conn
        if len(set(self.names)) < len(self.names):
            raise Refused("A table is in two of these backups.", remedy="Restore one of them.")
        for _, item in self.tables:
            self._require_columns(item)
        # As the rows were written; but the path as it is, for functions in constraints.
        conn.execute(catalog.PINNED)
        conn.execute("set local search_path = default")
        conn.execute("set local row_security = off")
        conn.execute("set local client_encoding = 'UTF8'")
        held = catalog.snapshot(conn)
        before = open_account(conn)
        backup.lock(conn, self.names)
        triggers = conn.execute(query("restore_triggers"), {"tables": self.names}).fetchall()
        keys = conn.execute(query("restore_keys"), {"tables": self.names}).fetchall()
        for table in sorted({table for table, _, _ in triggers}):
            self._alter(table, "disable trigger user")
        for table, name, _, _ in keys:
            self._alter(table, "alter constraint {} deferrable initially deferred", name)
        rows = self._tables()
        # Every foreign key, now; and nothing pending, or the tables cannot be altered back.
        conn.execute("set constraints all immediate")
        rows += [
            row for _, item in self.tables if item.fate == DROPPED for row in self._proved(item)
        ]
        for table, name, deferrable, deferred in keys:
            how = "deferrable initially deferred" if deferred else "deferrable"
            self._alter(table, f"alter constraint {{}} {how if deferrable else 'not deferrable'}",
                        name)  # fmt: skip
        for table, name, state in triggers:
            self._alter(table, f"{_STATES[state]} trigger {{}}", name)
        rows += [self._sequence(each) for made in self.backups for each in made.sequences]
        if catalog.fingerprint(catalog.snapshot(conn)) != catalog.fingerprint(held):
            raise CheckFailed(
                "After the restore the catalog would not be what it was.",
                state="It was rolled back: the database is as it was.",
                remedy="Something beside the runbook changes tables as they are altered: an event"
                " trigger, for example.",
            )
        self._require_no_loss(before)
        return rows

    def _tables(self) -> list[Finding]:
        """Room first, everywhere: a row that makes room may take others with it (SET NULL)."""
        rows, empty = [], []
        for folder, item in self.tables:
            if item.fate != DROPPED:
                continue
            there = self._measured(item)
            if there == (item.rows, item.checksum):
                continue  # put back by an earlier run
            if there[0]:
                gone = self._make_room(item, there[0])
                words = f"{gone} rows that the re-apply wrote, saved first"
                rows.append(Finding("Made room", item.table, "saved first", words, PASS))
            empty.append((folder, item))
        for folder, item in empty:
            copy_in(self.conn, folder, item, item.table)
        kept = [(folder, item) for folder, item in self.tables if item.fate != DROPPED]
        return rows + [merge(self.conn, folder, item) for folder, item in kept]

    def _proved(self, item: Saved) -> Iterator[Finding]:
        """A re-created table holds what was saved, to the bit; asked when all is in."""
        now = self._measured(item)
        if now != (item.rows, item.checksum):
            raise CheckFailed(
                f"{item.table} would hold {now[0]} rows with another checksum than the"
                f" {item.rows} that were saved.",
                state="It was rolled back: the database is as it was.",
                remedy="A column's type is another now, perhaps; compare the migration's file.",
            )
        observed = f"{item.rows} rows, same checksum"
        yield Finding("Rows", item.table, "as saved", observed, PASS)
        if item.computed and self._measured(item, item.computed)[1] != item.checksum_computed:
            words = "the generated columns differ: their expressions are others now"
            yield Finding("Generated", item.table, "as saved", words, WARN)

    def _make_room(self, item: Saved, there: int) -> int:
        """Rows of a re-created table that are not the backup's: saved, then taken out."""
        if self.replace is None:
            raise Refused(
                f"{item.table} holds {there} rows that are not those of the backup.",
                state="Nothing was changed.",
                remedy="Did the re-apply write them? --replace saves them, then makes room.",
            )
        backup.save(
            self.conn, self.replace / str(self.names.index(item.table) + 1),
            [(item.table, DROPPED, ())], version="", target=self.target.name,
        )  # fmt: skip
        return self.conn.execute(sql.SQL("delete from {}").format(as_quoted(item.table))).rowcount

    def _measured(self, item: Saved, columns: Sequence[str] = ()) -> tuple[int | None, str | None]:
        with self.conn.transaction(force_rollback=True):
            self.conn.execute(catalog.PINNED)
            row = self.conn.execute(query("backup_table"), {"table": item.table}).fetchone()
            assert row is not None
            seen = measure_table(self.conn, row[0], row[1], list(columns or item.columns))
        return seen.rows, seen.checksum

    def _sequence(self, each: backup.Counter) -> Finding:
        """Never backwards: numbers that were given since are not given again."""
        with suppress(psycopg.errors.UndefinedTable), self.conn.transaction():
            row = self.conn.execute(
                sql.SQL(
                    "select setval(%s::regclass, {0}, {1}) from {2} where (last_value, is_called)"
                    " < ({0}, {1})"
                ).format(sql.Literal(each.last_value), sql.Literal(each.is_called),
                         as_quoted(each.name)),
                [each.name],
            ).fetchone()  # fmt: skip
            words = f"continues after {each.last_value}" if row else "is further on already"
            return Finding("Sequence", each.name, "not behind", words, PASS)
        return Finding("Sequence", each.name, "not behind", "is not there any more", WARN)

    def _require_columns(self, item: Saved) -> None:
        row = self.conn.execute(query("backup_table"), {"table": item.table}).fetchone()
        if row is None:
            raise Refused(
                f"{item.table} is not there.",
                state="Nothing was changed.",
                remedy="Apply the migration again first: `runbook run`.",
            )
        missing = [column for column in item.columns if column not in row[2]]
        if missing:
            raise Refused(
                f"{item.table} has no column {', '.join(missing)} any more that could be written.",
                state="Nothing was changed.",
                remedy="Its rows are in COPY's text format; put back what is still wanted by hand.",
            )

    def _require_no_loss(self, before: Mapping[int, Counters]) -> None:
        account = close_account(self.conn, before)
        bad = [t for t in account.touched if t.losses and t.table not in self.names]
        if bad:
            raise Refused(
                f"Making room would lose rows of {', '.join(t.table for t in bad)}.",
                state="It was rolled back: nothing was changed.",
                remedy="Those rows refer to rows that the re-apply wrote. Move them first.",
            )

    def _alter(self, table: str, what: str, *names: str) -> None:
        action = sql.SQL(what).format(*map(sql.Identifier, names))  # type: ignore[arg-type]
        self.conn.execute(sql.SQL("alter table {} {}").format(as_quoted(table), action))
