"""Roles belong to a server, and the embedded server's databases, scratch ones too, share theirs.

A file that makes a role runs there many times: on a twin, on a scratch database, on the target. The
role that is there already is taken for the one that the file makes, and one that another database
still uses is not dropped. Each is said as a NOTICE. Anywhere else the server decides, as ever.
"""

from __future__ import annotations

import contextlib

import psycopg
from psycopg import sql

from ..findings import FAIL, PASS, Finding
from ..plan import Migration
from ..resources import query
from ..sql import Statement
from ..statements.tree import role

CREATED, DROPPED = "create_role_stmt", "drop_role_stmt"


def send(conn: psycopg.Connection, statement: Statement) -> None:
    """Execute a statement of a file, untouched; or say why it is left out.

    Raises:
        psycopg.Error: what the server says.
    """
    said = _left_out(conn, statement) if statement.kind in (CREATED, DROPPED) else ""
    if said and statement.kind == CREATED:
        _administer(conn, statement.node.role)
    if not said:
        # Without parameters psycopg sends the text untouched: `%` in it stays `%`.
        conn.execute(statement.text)  # type: ignore[arg-type]
        return
    conn.execute(
        sql.SQL("do {}").format(
            sql.Literal(f"begin raise notice using message = {_quoted(said)}; end")
        )
    )


def _left_out(conn: psycopg.Connection, statement: Statement) -> str:
    created = statement.kind == CREATED
    names = (
        [statement.node.role]
        if created
        else [role(each.role_spec) for each in statement.node.roles]
    )
    embedded, there, used = conn.execute(query("shared_roles"), [names, names]).fetchone()
    if not embedded or not (there if created else used):
        return ""
    if created:
        return (
            f"role {there[0]} is there already: the embedded server's databases share their roles"
        )
    return f"role {used[0]} stays: another database of the embedded server uses it"


def _administer(conn: psycopg.Connection, name: str) -> None:
    """Whoever makes a role administers it; only the server's superuser can say so afterwards."""
    info = conn.info
    grant = sql.SQL("grant {} to {} with admin true, inherit false, set false")
    [(user,)] = conn.execute("select current_user").fetchall()
    with psycopg.connect(
        host=info.host, port=info.port, dbname=info.dbname, user="supabase_admin", autocommit=True
    ) as admin, contextlib.suppress(psycopg.errors.InvalidGrantOperation):  # fmt: skip
        admin.execute(grant.format(sql.Identifier(name), sql.Identifier(user)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def free(conn: psycopg.Connection, migration: Migration) -> list[Finding]:
    """Whether the roles that a file makes are not there yet, on a server where that is an error."""
    names = [s.node.role for s in migration.script.statements if s.kind == CREATED]
    if not names:
        return []
    _, there, _ = conn.execute(query("shared_roles"), [names, names]).fetchone()
    return [
        Finding("Name is free", f"role {name}", "free", *_judged(name in there)) for name in names
    ]


def _judged(there: bool) -> tuple[str, str]:
    said = "exists already: make it only where it is missing (a DO block that looks first)"
    return (said, FAIL) if there else ("free", PASS)
