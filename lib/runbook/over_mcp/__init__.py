"""Targets that are reached through the official Supabase MCP server alone (docs/decisions/0019).

transport (the server process, one call) → block (what is sent: one self-contained text) →
connection (reads, shaped like psycopg's) → sending (a text that commits) → applying, rolling_back;
playing (a scenario, taken back).
"""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from ..errors import TargetRefused

if TYPE_CHECKING:
    from ..target import Target
    from .connection import Connection
    from .transport import Transport

# The server processes of this one, by project and by what they were started with.
_started: dict[tuple[str | None, ...], Transport] = {}


def connect(target: Target) -> Connection:
    """The reading half of a connection; one server process a project is shared by all of them.

    Raises:
        TargetRefused: no server, no token, or a project that does not answer; never the token.
    """
    import psycopg

    from .connection import Connection
    from .transport import API, SERVER, TOKEN, Transport

    ref = target.name.partition(":")[2]
    key = (ref, *(os.environ.get(name) for name in (API, SERVER, TOKEN)))
    there = _started.get(key)
    if there is None or not there.alive:
        there = _started[key] = Transport(ref, name=target.name)
    try:
        return Connection(there, read_only=target.read_only)
    except psycopg.Error as error:
        raise TargetRefused(
            f"Target {target.name} cannot be reached: {error}",
            remedy=f"Look whether {TOKEN} is a valid token of somebody who may use this project,"
            " whether the reference is right, and whether the project is paused.",
        ) from None


def close() -> None:
    """End the server processes; the next connection starts one again."""
    while _started:
        _started.popitem()[1].close()


atexit.register(close)
