"""Records against the ledger of a target: what one side has lost, the other one still has.

Records hold the place and hash of every event that their run wrote, and the ledger holds the digest
of every record's manifest. So a ledger that was rewound or begun anew shows, and so does a record
that is gone, also the newest one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from .. import ledger
from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..records import journal
from ..resources import query
from ..target import Target, identify
from . import chain, manifest, witness

LEDGER = "Ledger"
_OF_RECORD = re.compile(r"[0-9a-f]{8}")  # the run id of a headless run; others have twelve signs


class Row(NamedTuple):
    """One event of the ledger, as far as records know of it."""

    seq: int
    at: str
    run: str
    hash: str
    stage: str
    record: str | None
    manifest: str | None
    archive: str | None


class Kept(NamedTuple):
    """One record that wrote to this target."""

    name: str
    manifest: str
    run: str
    ended: str
    wrote: Mapping[str, Any]
    events: Sequence[tuple[int, str, str]]
    ledger: Mapping[str, Any]


def check(target: Target, runs: Path) -> list[Finding]:
    """Hold the records of this archive against the target's ledger, and the other way round."""
    lines = chain.read(runs)
    with target.connect(purpose="audit") as conn:
        key = identify(conn).key
        with conn.transaction():
            conn.execute("set transaction isolation level repeatable read, read only")
            broken = ledger.broken_at(conn) if ledger.exists(conn) else None
            rows = _rows(conn)
    kept = [found for line in chain.records(lines) if (found := _kept(runs, line, key))]
    if not rows and not kept:
        what = "it has none, and no record here wrote to it"
        return [Finding(LEDGER, target.name, "agrees with the records", what, SKIP)]
    found = [_own_chain(target, rows, broken)]
    found += _rewound(target, rows, kept)
    found += _without_event(rows, kept)
    found += _without_record(runs, rows, kept, chain.identity(lines))
    if not kept:
        what = f"no record here wrote any of its {len(rows)} events"
        found.append(Finding(LEDGER, target.name, "agrees with the records", what, SKIP))
    elif all(row.verdict != FAIL for row in found[1:]):
        what = f"{len(kept)} records and {len(rows)} events know of each other"
        found.append(Finding(LEDGER, target.name, "agrees with the records", what, PASS))
    return found


def _rows(conn: psycopg.Connection) -> list[Row]:
    if not ledger.exists(conn):
        return []
    return [Row(*row) for row in conn.execute(query("ledger_chain"))]


def _kept(runs: Path, line: chain.Line, key: str) -> Kept | None:
    """What a record knows of the ledger; None when it is of another server or cannot be read."""
    try:
        said = manifest.read(runs / line.record)["predicate"]
    except (OSError, ValueError):
        return None
    wrote = line.value.get("wrote")
    if line.value.get("server") != key or not wrote:
        return None
    events = [
        (event["seq"], event["hash"], event["at"])
        for event in journal.read(runs / line.record)
        if event["seq"]
    ]
    # A tombstone has no journal any more; its last event is in its manifest.
    events = events or [(wrote["last"], wrote["hash"], said["ended"])]
    name, ended = line.record, said["ended"]
    return Kept(name, line.manifest, said["id"], ended, wrote, events, said.get("ledger") or {})


def _own_chain(target: Target, rows: Sequence[Row], broken: int | None) -> Finding:
    expected = "one chain, nothing removed or changed"
    if broken is None:
        return Finding(LEDGER, target.name, expected, f"{len(rows)} events in one chain", PASS)
    before = next((row for row in reversed(rows) if row.seq < broken), None)
    since = f"after event {before.seq} ({before.at} UTC)" if before else "from its first event on"
    observed = f"event {broken} does not fit to the one before it: changed {since}"
    return Finding(LEDGER, target.name, expected, observed, FAIL)


def _rewound(target: Target, rows: Sequence[Row], kept: Sequence[Kept]) -> Iterator[Finding]:
    """Events that records hold and the ledger does not."""
    expected = "holds what the records hold"
    there = {row.seq: row.hash for row in rows}
    lost: list[tuple[int, str, str]] = []
    anew = []
    for record in kept:
        first = record.ledger.get("first")
        if (first and rows and first != rows[0].hash) or not rows:
            anew.append(record)
            continue
        lost += [
            (seq, at, record.name) for seq, hash, at in record.events if there.get(seq) != hash
        ]
        head = record.ledger
        if head.get("last") and there.get(head["last"]) != head["hash"]:
            lost.append((head["last"], record.ended, record.name))
    if anew:
        # The throw-away server is meant to be thrown away; elsewhere somebody has to explain it.
        verdict = FAIL if target.protected else WARN
        observed = (
            f"it was begun anew{f' at {rows[0].at} UTC' if rows else ' or dropped'}: {len(anew)}"
            f" records, up to {anew[-1].name}, know of one that is gone"
        )
        yield Finding(LEDGER, target.name, expected, observed, verdict)
    if lost:
        seq, at, name = min(lost)
        observed = (
            f"it was rewound: event {seq} (written {at}, in record {name}) and {len(lost) - 1}"
            f" more are missing or others stand in their place; it ends with event {rows[-1].seq}"
        )
        yield Finding(LEDGER, target.name, expected, observed, FAIL)


def _without_event(rows: Sequence[Row], kept: Sequence[Kept]) -> Iterator[Finding]:
    """Records that the ledger should know and does not."""
    known = {row.manifest for row in rows if row.stage == witness.STAGE}
    there = {(row.seq, row.hash) for row in rows}
    for record in kept:
        if record.manifest not in known and (record.wrote["last"], record.wrote["hash"]) in there:
            last = next(row for row in rows if row.seq == record.wrote["last"])
            observed = (
                f"the ledger has its {record.wrote['events']} events, up to {last.seq} at"
                f" {last.at} UTC, and none that names the record: it was put in since, its"
                " manifest is another one, or the target could not be reached (the next run on"
                " this target writes it)"
            )
            yield Finding(LEDGER, record.name, "named by the ledger", observed, FAIL)


def _without_record(
    runs: Path, rows: Sequence[Row], kept: Sequence[Kept], archive: str
) -> Iterator[Finding]:
    """Events that a record should hold, and no record does."""
    expected = "each record of the ledger is here"
    here = {record.manifest for record in kept}
    named = [row for row in rows if row.stage == witness.STAGE]
    elsewhere = [row for row in named if row.archive != archive]
    for row in named:
        if row.archive == archive and row.manifest not in here:
            observed = (
                f"event {row.seq} ({row.at} UTC) names it with SHA-256 {row.manifest}: it was"
                " removed, or changed"
            )
            yield Finding(LEDGER, row.record or "", expected, observed, FAIL)
    if elsewhere:
        observed = (
            f"{len(elsewhere)} are of {len({row.archive for row in elsewhere})} other archives"
            f" (the last: {elsewhere[-1].record}): verify them there"
        )
        yield Finding(LEDGER, "other archives", expected, observed, SKIP)
    told = {row.run for row in named} | {record.run for record in kept}
    runs_of = {row.run: row for row in rows if row.run not in told}
    for run, last in runs_of.items():
        if not _OF_RECORD.fullmatch(run):
            continue
        unfinished = any(runs.glob(f".unfinished-*_{run}"))
        observed = (
            f"events up to {last.seq} ({last.at} UTC) were written by a headless run, and no"
            " record tells of it: "
            + (
                "it is unfinished here; the next run closes it"
                if unfinished
                else "it goes on elsewhere, was killed there, or its record was removed"
            )
        )
        yield Finding(LEDGER, f"run {run}", expected, observed, WARN if unfinished else FAIL)
    at_hand = {run for run in runs_of if not _OF_RECORD.fullmatch(run)}
    if at_hand:
        observed = (
            f"{len(at_hand)} runs by hand (a notebook, a command) wrote events and made no record"
        )
        yield Finding(LEDGER, "runs by hand", expected, observed, SKIP)
