"""Rows of the history that say something else than is true: proposed, approved, mended.

No migration is run. A row is changed only where it can be shown to be wrong: the same SQL under
another version; a file that was edited since and still makes the same catalog; a row that is gone
though the ledger holds the apply, another tool's history does, or all that it promises is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import psycopg

from .. import history, ledger
from .. import verify as verification
from ..errors import FileInvalid, NotApplied
from ..findings import PASS, WARN
from ..history import History, Row
from ..ledger import PASSED, Author, latest, since_rollback
from ..plan import SUPABASE, Migration, Plan
from ..promises import promise
from ..records import journal
from ..resources import query
from ..target import Identity
from ..way_back.draft import ROWS
from .other_histories import Other, others
from .replay import replay

STAMP, REWRITE, RECORD = "re-stamp", "rewrite", "record"


@dataclass(frozen=True)
class Proposal:
    """One row to mend.

    Fields:
        does: re-stamp · rewrite · record.
        migration: what the row will stand for.
        row: as it is; None where there is none yet.
        why: the evidence, in one sentence.
    """

    does: str
    migration: Migration
    row: Row | None
    why: str

    @property
    def words(self) -> str:
        """What would be done, for people."""
        version = self.migration.version
        if self.row is None:
            return f"write the row {version}"
        if self.does == STAMP:
            return f"give the row {self.row.version} the version {version}"
        return f"let the row {version} hold the file's SQL"


def propose(conn: psycopg.Connection, plan: Plan) -> tuple[list[Proposal], list[str]]:
    """What can be mended, in the plan's order, and in words what cannot; the target is only read.

    Args:
        conn: to the target.
    """
    rows = history.read(conn)
    there = history.classify(plan, rows)
    found = [
        Proposal(STAMP, m, row, "it holds the same SQL" if row.statements else "it has its name")
        for row, m in there.restamped
    ]
    stamped = {row.version for row, _ in there.restamped}
    by = " (`supabase migration fetch`)" if plan.platform == SUPABASE else ""
    left = [
        f"{row.version} {row.name} has no file: fetch it{by} and give it a place in the plan"
        for row in there.foreign
        if row.version not in stamped
    ]
    for row in there.edited:
        migration = plan.migration(row.version)
        if _same_catalog(plan, rows, row):
            why = "the file and what was applied make the same catalog"
            found.append(Proposal(REWRITE, migration, row, why))
        else:
            left.append(
                f"{migration}: the file makes another catalog than what was applied: put it back as"
                " it was; a change is a migration of its own"
            )
    taken = {proposal.migration.version for proposal in found}
    by_others = others(conn)
    left += [f"{each.table} of {each.tool} is not believed: {each.unsure}"
             for each in by_others if each.unsure]  # fmt: skip
    found += _unrecorded(conn, there, taken, by_others)
    order = {m.version: place for place, m in enumerate(plan.everything)}
    return sorted(found, key=lambda p: order[p.migration.version]), left


def token(identity: Identity, rows: Sequence[Row], proposals: Sequence[Proposal]) -> str:
    """What an approver approves: these mends, on this history of this target."""
    covered = {
        "target": identity.key,
        "history": [[row.version, row.name, row.statements] for row in rows],
        "mends": [
            [p.does, p.migration.version, p.migration.script.sha256, p.row and p.row.version]
            for p in proposals
        ],
    }
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:20]


def mend(
    conn: psycopg.Connection, proposals: Sequence[Proposal], seen: Sequence[Row], author: Author
) -> None:
    """Mend the rows, all or none, each with its event in the same transaction.

    Args:
        conn: an idle autocommit connection; the caller holds the runner lock.
        seen: the history that was proposed upon.

    Raises:
        NotApplied: the history is another one by now; nothing was changed.
    """
    history.ensure(conn)
    ledger.ensure(conn)
    written = []
    with conn.transaction():
        conn.execute("lock table supabase_migrations.schema_migrations in share row exclusive mode")
        if history.read(conn) != list(seen):
            raise NotApplied(
                "The history changed since it was looked at.", remedy="Look again: --mode check."
            )
        for proposal in proposals:
            _write(conn, proposal)
            version = proposal.migration.version
            written.append(
                ledger.append(
                    conn, author, stage="reconcile", state=ledger.DONE, version=version,
                    phase=proposal.migration.phase, does=proposal.does, why=proposal.why,
                    sha256=proposal.migration.script.sha256,
                    row_before=proposal.row and proposal.row.version,
                    statements_before=proposal.row and proposal.row.statements,
                )
            )  # fmt: skip
    for event in written:
        journal.write(event)


def _write(conn: psycopg.Connection, proposal: Proposal) -> None:
    if proposal.row is None:
        history.insert(conn, proposal.migration)
        return
    values = {
        "was": proposal.row.version,
        "version": proposal.migration.version,
        "name": proposal.migration.name,
        "statements": list(proposal.migration.script.sources),
    }
    conn.execute(query("history_mend"), values)


def _same_catalog(plan: Plan, rows: Sequence[Row], edited: Row) -> bool:
    """Replay with what was applied and with the file; whether both run and end alike."""
    try:
        sources = tuple(replace(plan.migration(edited.version)).script.sources)
    except FileInvalid:
        return False
    with_file = [replace(row, statements=sources) if row == edited else row for row in rows]
    was, would_be = replay(plan, rows), replay(plan, with_file)
    if edited.version in dict([*was.failed, *would_be.failed]):
        return False
    return was.expected == would_be.expected


def _unrecorded(
    conn: psycopg.Connection, there: History, taken: set[str], by_others: Sequence[Other]
) -> Iterator[Proposal]:
    """Pending files that are applied all the same."""
    for migration in there.pending:
        if migration.version in taken:
            continue
        if told := next((each for each in by_others if each.holds(migration)), None):
            yield Proposal(RECORD, migration, None, f"{told.tool} applied it, says {told.table}")
            continue
        try:
            script = replace(migration).script
        except FileInvalid:
            continue
        events = since_rollback(ledger.read(conn, migration.version))
        done = latest(events, "apply")
        if not _kept(conn, promise.promises(script.statements)):
            continue
        if done and done.state == PASSED and done.detail.get("sha256") == script.sha256:
            when = f"{done.at:%Y-%m-%d %H:%M:%S} UTC"
            why = f"the ledger holds its apply by {done.operator} at {when}, and all of it is there"
            yield Proposal(RECORD, migration, None, why)
        elif not done and not any(s.kind in (*ROWS, "do_stmt") for s in script.statements):
            yield Proposal(RECORD, migration, None, "all that the file promises is there already")


def _kept(conn: psycopg.Connection, promised: Sequence[promise.Promise]) -> bool:
    """Whether all that a file promises is there; that it should promise more is another matter."""
    told = {each.object for each in promised if each.kind == "table" and each.properties.get("rls")}
    rows = [
        row
        for row in verification.verify(conn, promised)
        if row.check != "RLS enabled" or row.object in told
    ]
    # A WARN is an opinion of what is there (row-level security without a policy), as for verify.
    return bool(rows) and all(row.verdict in (PASS, WARN) for row in rows)
