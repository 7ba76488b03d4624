"""A target: the one database that a run works on, by name.

    embedded            the embedded PostgreSQL's default database (the default)
    embedded:NAME       another database of the embedded server
    service=NAME        a service of libpq's pg_service.conf; its password is in .pgpass
    env:VAR             an environment variable that holds the conninfo
    mcp:REF             a Supabase project, through its MCP server alone (over_mcp)

A name never is a conninfo. Names are written into notebooks, records and logs; a conninfo may hold
a password, so anything that looks like one is refused unread, before it can be written anywhere.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg

from .errors import TargetRefused
from .resources import query
from .servers import unreachable
from .servers.plans import as_new
from .servers.pooler import splits_sessions
from .servers.sessions import keeps_session

OLDEST_MAJOR = 15
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Identity:
    """What the server says of itself.

    Fields:
        system_identifier: of the cluster, unique per initdb; "" where the role may not read it.
        database, role: where, and as whom, we are.
        major, version: the server's, as 18 and "18.6".
        standby, read_only: reasons why it cannot take a migration.
    """

    system_identifier: str
    database: str
    role: str
    major: int
    version: str
    standby: bool
    read_only: bool

    @property
    def key(self) -> str:
        """Tells this database from every other; the plan token and the ledger hold it."""
        return f"{self.system_identifier}/{self.database}"


@dataclass(frozen=True)
class Target:
    """A database by name.

    Fields:
        name: as the user gave it; safe to write anywhere.
        kind: embedded · service · env · mcp.
        project: the folder that the embedded server's files and baseline come from.
        read_only: whether the server is told to refuse every change in our sessions.
    """

    name: str
    kind: str
    project: Path = field(repr=False)
    read_only: bool = False

    @property
    def protected(self) -> bool:
        """Whether it needs an approval: everything that is not the throw-away embedded server."""
        return self.kind != "embedded"

    @property
    def keeps_session(self) -> bool:
        """Whether a connection is a session of the server; over MCP each call is one."""
        return self.kind != "mcp"

    def require_session(self, what: str) -> None:
        """Refuse, with TargetRefused, what calls over MCP cannot do."""
        if not self.keeps_session:
            way = "Use the session pooler (port 5432), named as service=NAME or env:VAR."
            raise TargetRefused(f"{what} needs a session, which MCP does not keep.", remedy=way)

    @property
    def label(self) -> str:
        """The name as a part of a folder's name."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-")

    @cached_property
    def _conninfo(self) -> str:
        return _CONNINFO[self.kind](self)

    def connect(self, *, purpose: str = "") -> psycopg.Connection:
        """An autocommit connection whose session cannot outlive its client.

        Args:
            purpose: shown in pg_stat_activity, so that a blocked colleague can see who it is.

        Raises:
            TargetRefused: unreachable; the message never holds the conninfo.
            EmbeddedUnavailable: the embedded server cannot start.
        """
        if not self.keeps_session:
            from .over_mcp import connect

            return connect(self)  # type: ignore[return-value]
        try:
            conn = self._connect(purpose)
        except psycopg.OperationalError as error:
            if self.kind != "embedded":
                raise self._unreachable(error) from None
            # The throw-away server may have been killed; it recovers when it is started.
            from .postgres import production_state

            production_state.restart(self.project)
            try:
                conn = self._connect(purpose)
            except psycopg.Error as again:
                raise self._unreachable(again) from None
        except psycopg.Error as error:
            raise self._unreachable(error) from None
        if self.read_only:
            conn.read_only = True
        reset_session(conn)
        return conn

    def _connect(self, purpose: str) -> psycopg.Connection:
        return psycopg.connect(
            self._conninfo,
            autocommit=True,
            # Named prepared statements collide behind poolers, and a migration runs once.
            prepare_threshold=None,
            connect_timeout=10,
            application_name=f"runbook {purpose}".strip()[:63],
        )

    def _unreachable(self, error: psycopg.Error) -> TargetRefused:
        return TargetRefused(
            f"Target {self.name} cannot be reached: {_reason(error)}",
            remedy=unreachable.remedy(str(error), self._host),
        )

    @property
    def _host(self) -> str:
        with contextlib.suppress(psycopg.Error):
            parsed = psycopg.conninfo.conninfo_to_dict(self._conninfo)
            return str(parsed.get("host") or os.environ.get("PGHOST") or "")
        return ""


def reset_settings(conn: psycopg.Connection) -> None:
    """Role and settings back to those of a new session; inside of a transaction too."""
    conn.execute("reset session authorization")
    conn.execute("reset role")
    conn.execute("reset all")


def reset_session(conn: psycopg.Connection) -> None:
    """Put an idle session back into its known state: as new, and on the leash of its client.

    What a file left in its session must not meet the next one: settings (a dump's
    `set_config('search_path', '')`), role, temporary tables, prepared statements, session locks.
    A session of a read-only target is read-only again. All that DISCARD ALL does, but for our own
    plans of the catalog's queries.
    """
    as_new(conn)
    if conn.read_only:
        # psycopg says it of the transactions that it begins; this, of single statements too.
        conn.execute("set session characteristics as transaction read only")
    hold_on_leash(conn)


def hold_on_leash(conn: psycopg.Connection) -> None:
    """Have the server cancel the statement of a client that was killed, outside of a transaction.

    Without it, the statement runs on and commits.
    """
    # Refused where the server's platform cannot watch its sockets (macOS); nothing else is lost.
    with contextlib.suppress(psycopg.errors.InvalidParameterValue):
        conn.execute("set client_connection_check_interval = '500ms'")


def leave_session(conn: psycopg.Connection) -> None:
    """reset_session(), after the work: a server that is gone by now takes back nothing of it.

    What was committed stays committed, and must not be reported as an error of the clean-up.
    """
    with contextlib.suppress(psycopg.OperationalError):
        if not conn.closed and keeps_session(conn):
            reset_session(conn)


def open_target(name: str, project: Path) -> Target:
    """The target of this name; nothing is connected yet.

    Raises:
        TargetRefused: an unknown form, or something that looks like a conninfo.
    """
    if name == "embedded":
        return Target(name, "embedded", project)
    prefix, separator, rest = name.partition(":" if not name.startswith("service=") else "=")
    kinds = {"embedded:": "embedded", "service=": "service", "env:": "env", "mcp:": "mcp"}
    kind = kinds.get(prefix + separator)
    if kind is None or not _NAME.fullmatch(rest):
        # Not repeated in the message: it may be a conninfo with a password in it.
        raise TargetRefused(
            "The target is none of: embedded, embedded:NAME, service=NAME, env:VAR, mcp:REF.",
            remedy="Never pass a connection string: put it into a variable and name the variable"
            " (env:VAR), or use pg_service.conf and .pgpass (service=NAME).",
        )
    return Target(name, kind, project)


def identify(conn: psycopg.Connection) -> Identity:
    """Ask the server who it is."""
    row = conn.execute(query("identity")).fetchone()
    assert row is not None
    return Identity(*row)


def require_fit(
    target: Target, conn: psycopg.Connection, identity: Identity, *, oldest: int = OLDEST_MAJOR
) -> None:
    """Refuse what cannot take a migration: a standby, a read-only or too old server, a pooler.

    Args:
        oldest: major of PostgreSQL.

    Raises:
        TargetRefused: saying which, and the address to use instead.
    """
    if identity.standby:
        raise TargetRefused(
            f"Target {target.name} is a standby in recovery; it cannot be written to.",
            remedy="Use the primary's address.",
        )
    if identity.read_only:
        raise TargetRefused(
            f"Target {target.name} has default_transaction_read_only = on.",
            remedy="Turn it off for the role or database that migrates, or use another role.",
        )
    if identity.major < oldest:
        raise TargetRefused(
            f"Target {target.name} runs PostgreSQL {identity.version}; {oldest} is the"
            " oldest that the runbook is tested with.",
            remedy="Upgrade the server first.",
        )
    if target.protected and target.keeps_session and splits_sessions(target, conn):
        raise TargetRefused(
            f"Target {target.name} is behind a transaction pooler: session settings and locks"
            " vanish between statements there.",
            remedy="Use the direct address or the session pooler (Supabase: port 5432, not 6543).",
        )


def _embedded(target: Target) -> str:
    from .postgres import production_state

    return production_state.conninfo(target.project, target.name.partition(":")[2] or "postgres")


def _service(target: Target) -> str:
    return f"service={target.name.partition('=')[2]}"


def _environment(target: Target) -> str:
    variable = target.name.partition(":")[2]
    value = os.environ.get(variable, "").strip()
    if not value:
        raise TargetRefused(
            f"Target {target.name}: the environment variable {variable} is not set.",
            remedy=f"Set {variable} to the database's conninfo where this process starts.",
        )
    try:
        psycopg.conninfo.conninfo_to_dict(value)
    except psycopg.Error:
        # psycopg's own message repeats the conninfo, password included.
        raise TargetRefused(
            f"Target {target.name}: the value of {variable} is not a valid conninfo.",
            remedy="It reads postgresql://user@host:port/database?… or host=… dbname=… user=…",
        ) from None
    return value


_CONNINFO = {"embedded": _embedded, "service": _service, "env": _environment}


def _reason(error: psycopg.Error) -> str:
    """The server's or libpq's words, without anything that a conninfo may have put into them."""
    from .redact import redact

    return redact(" ".join(str(error).split()))
