"""Whether a connection is a session of the server; over MCP each call is one of its own."""

from __future__ import annotations

from typing import Any


def keeps_session(conn: Any) -> bool:
    """As Target.keeps_session, for whoever has the connection alone."""
    return hasattr(conn, "pgconn")
