"""The server's side of what runs: builds of indexes, who is in the way, and who waits for us."""

from __future__ import annotations

import psycopg

from ..applying.waiting import Blocker
from ..humane import humane
from ..resources import query


def seen(conn: psycopg.Connection, pid: int) -> list[str]:
    """What a second session can see of the process that works for us, in words."""
    if not pid:
        return []
    said = [_build(*row) for row in conn.execute(query("index_progress"), {"pid": pid})]
    blockers = [str(Blocker(*row)) for row in conn.execute(query("blockers"), {"pid": pid})]
    if blockers:
        said.append(f"waiting for a lock held by {'; '.join(blockers)}")
    row = conn.execute(query("waiting_for"), {"pid": pid}).fetchone()
    if row and row[0]:
        sessions = f"{row[0]} session{'s wait' if row[0] > 1 else ' waits'}"
        since = f", the first for {humane(row[1])}" if row[1] is not None else ""
        said.append(f"{sessions} behind this migration{since}")
    return said


def _build(index: str, table: str, phase: str, done: int, total: int, unit: str) -> str:
    share = f", {100 * done // total} % of {total:,} {unit}" if total else ""
    return f"index {index} on {table}: {phase}{share}"
