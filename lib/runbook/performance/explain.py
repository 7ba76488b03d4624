"""One statement under EXPLAIN (ANALYZE, BUFFERS), and what its plan says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

MOSTLY = 0.9  # a scan that throws away so much of what it read looked for something
_PLAIN = (
    "select set_config(name, 'on', true) from unnest(array['enable_seqscan', 'enable_sort',"
    " 'enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']) as settings (name)"
)


class Seen(NamedTuple):
    """What a plan did.

    Fields:
        ms: milliseconds, planning left out.
        rows: that it returned.
        buffers: pages of 8 kB that it touched, in memory or not.
        vain: the most rows that one sequential scan read of which it threw nearly all away.
        scanned: the table of that scan, "" for none.
        indexes: that it used.
    """

    ms: float
    rows: int
    buffers: int
    vain: int
    scanned: str
    indexes: tuple[str, ...]


def explain(conn: psycopg.Connection, text: str) -> Seen:
    """Run a statement inside the open transaction, in a savepoint that is rolled back.

    The planner is free to choose: what a scenario forbade it (enable_seqscan = off) is allowed.
    """
    with conn.transaction(force_rollback=True):
        conn.execute(_PLAIN)
        [(plans,)] = conn.execute(
            f"explain (analyze, buffers, format json) {text}", prepare=False
        ).fetchall()
    return read(plans[0])


def read(plan: dict[str, Any]) -> Seen:
    """The numbers of one plan, as EXPLAIN prints it in JSON."""
    top = plan["Plan"]
    vain, scanned, indexes = 0, "", set()
    for node in _nodes(top):
        if "Index Name" in node:
            indexes.add(node["Index Name"])
        if node["Node Type"] == "Seq Scan":
            times = node.get("Actual Loops", 1)
            away = round(node.get("Rows Removed by Filter", 0) * times)
            kept = round(node.get("Actual Rows", 0) * times)
            if away + kept > vain and away >= MOSTLY * (away + kept) > 0:
                vain, scanned = away + kept, node["Relation Name"]
    return Seen(
        ms=plan["Execution Time"],
        rows=round(top["Actual Rows"] * top.get("Actual Loops", 1)),
        buffers=top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0),
        vain=vain,
        scanned=scanned,
        indexes=tuple(sorted(indexes)),
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
