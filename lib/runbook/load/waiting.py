"""Who of the load waits for the migration: asked many times a second, from a third session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from ..resources import query
from .traffic import Traffic, name_of

_PAUSE_S = 0.005


@dataclass
class Seen:
    """Moments, in the load's own seconds, at which each source's session waited for a lock."""

    moments: dict[str, list[float]] = field(default_factory=dict)

    def within(self, number: int, first: float, last: float) -> bool:
        """Whether that source was seen waiting between these two moments."""
        return any(first <= at <= last for at in self.moments.get(name_of(number), ()))


@contextmanager
def watched(conninfo: str, pid: int, traffic: Traffic) -> Iterator[Seen]:
    """Look for as long as the block runs.

    Args:
        pid: of the migration's session.
    """
    seen, over = Seen(), threading.Event()

    def look() -> None:
        with suppress(psycopg.Error), psycopg.connect(conninfo, autocommit=True) as conn:
            while not over.wait(_PAUSE_S):
                before = traffic.now()
                for (name,) in conn.execute(query("load_waiting"), {"pid": pid}):
                    # It waited at some time of the question: the middle is the nearest to it.
                    seen.moments.setdefault(name, []).append((before + traffic.now()) / 2)

    thread = threading.Thread(target=look, name="waits", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(timeout=5)
