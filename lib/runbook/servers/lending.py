"""Roles for a twin: the target's, by name, so that who owns what and who may what come along.

A dump names the roles of its objects and does not make them; roles belong to a whole server. So
those that the embedded server lacks are made there, marked as lent and never as superuser. They go
with the server; roles of its own shape are left as they are.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import psycopg
from psycopg import sql

from ..embedded import Server
from ..resources import query
from ..target import Target

_DEFAULT = "postgres"
_LENT = "lent to the twins of a target that has a role of this name"


class Role(NamedTuple):
    """A role of the target; the fields of queries/roles.sql."""

    name: str
    ours: bool
    superuser: bool
    inherits: bool
    bypasses: bool
    creates: bool
    owner: bool
    member_of: list[tuple[str, bool, bool, bool]]
    """What it is in, and whether it administers, inherits and may become that."""


def lend_roles(server: Server, target: Target, database: str) -> tuple[str, list[str]]:
    """Make the target's roles known to the twin, and its database's owner the same.

    Args:
        server: the embedded one, on which the twin stands.
        target: is only read.
        database: the twin's name.

    Returns:
        The role to work on the twin as: the target's where it was lent, else `postgres`. Lent for
        a superuser, it is in every role, and no superuser. And in words what no twin can be: a
        server of another major.
    """
    with target.connect(purpose="roles") as conn:
        roles = [Role(*row) for row in conn.execute(query("roles"))]
        major = conn.info.server_version // 10_000
    admin = server.conninfo("template1", "supabase_admin")
    with psycopg.connect(admin, autocommit=True) as conn:
        there = dict(conn.execute(
            "select rolname::text, shobj_description(oid, 'pg_authid') from pg_catalog.pg_roles"
        ).fetchall())  # fmt: skip
        lacking = [role for role in roles if role.name not in there]
        for role in lacking:
            _make(conn, role)
        for role in roles:
            if role not in lacking and there[role.name] != _LENT:
                continue
            if role not in lacking:  # lent before: what it may do may be something else by now
                _make(conn, role, verb="alter")
            _grant(conn, role, roles, administers_all=role.creates and major < 16)
        for role in roles:
            if role.owner:
                owns = sql.SQL("alter database {} owner to {}")
                conn.execute(owns.format(sql.Identifier(database), sql.Identifier(role.name)))
    lent = {role.name for role in lacking} | {name for name, says in there.items() if says == _LENT}
    user = next((role.name for role in roles if role.ours and role.name in lent), _DEFAULT)
    same = server.version.partition(".")[0] == str(major)
    return user, [] if same else [f"what PostgreSQL {major} does otherwise than {server.version}"]


def _make(conn: psycopg.Connection, role: Role, *, verb: str = "create") -> None:
    options = [
        "inherit" if role.inherits else "noinherit",
        "bypassrls" if role.bypasses or role.superuser else "nobypassrls",
        "createrole" if role.creates or role.superuser else "nocreaterole",
    ]
    create = sql.SQL(f"{verb} role {{}} login " + " ".join(options))
    says = sql.SQL("comment on role {} is {}")
    name = sql.Identifier(role.name)
    # Another twin may be made at the same moment.
    errors = psycopg.errors
    together = (errors.DuplicateObject, errors.UniqueViolation, errors.InternalError_)
    with contextlib.suppress(*together), conn.transaction():
        conn.execute(create.format(name))
        conn.execute(says.format(name, sql.Literal(_LENT)))


def _grant(
    conn: psycopg.Connection, role: Role, roles: list[Role], *, administers_all: bool
) -> None:
    """What it is in on the target; a superuser is in all of them, and administers all.

    Before PostgreSQL 16, so did whoever may create roles, without being in them.
    """
    known = {each.name for each in roles} | {_DEFAULT}
    wanted = {}
    if administers_all:
        wanted = {each.name: (True, False, False) for each in roles if not each.superuser}
    if role.superuser and role.ours:
        wanted = dict.fromkeys(known, (True, True, True))
    for name, *options in role.member_of:
        before = wanted.get(name, (False, False, False))
        wanted[name] = tuple(a or b for a, b in zip(before, options, strict=True))
    for name in sorted(wanted.keys() & known - {role.name}):
        grant = sql.SQL("grant {} to {} with admin {}, inherit {}, set {}")
        options = [sql.SQL("true" if option else "false") for option in wanted[name]]
        # A circle; or another twin grants the same at this moment.
        passing = (psycopg.errors.InvalidGrantOperation, psycopg.errors.InternalError_)
        with contextlib.suppress(*passing, psycopg.errors.UniqueViolation):
            conn.execute(grant.format(*map(sql.Identifier, (name, role.name)), *options))
