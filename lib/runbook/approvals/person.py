"""A person at a keyboard, as far as a program can tell.

The operator's name is what somebody typed. The system login is the operating system's word, on a
machine that the person may own; the database role is the server's, which asked for its password.
Nothing here proves an identity; each is written down as what it is.
"""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass

import psycopg

from ..ledger import Author


@dataclass(frozen=True)
class Person:
    """Who did something.

    Fields:
        operator: the name as given.
        login: of the process, by its user id; with a digest of the machine's name.
        role: as which the server let them in (session_user).
    """

    operator: str
    login: str
    role: str


def present(conn: psycopg.Connection, author: Author) -> Person:
    """The person at this process and this connection."""
    row = conn.execute("select session_user::text").fetchone()
    assert row is not None
    return at_keyboard(author, row[0])


def at_keyboard(author: Author, role: str) -> Person:
    """The person at this process, let in as this role by a server that was asked elsewhere."""
    return Person(author.operator, f"{_login()} on {_machine()}", role)


def told_apart(one: Person, other: Person) -> str:
    """How two people are known to be two; "" when nothing but a typed name says so.

    Returns:
        What differs, strongest first, in words for the ledger.
    """
    if one.operator.strip().casefold() == other.operator.strip().casefold():
        return ""
    apart = []
    if one.role != other.role:
        apart.append(f"database roles {one.role} and {other.role}")
    if one.login != other.login:
        apart.append(f"system logins {one.login} and {other.login}")
    return "; ".join(apart)


def _login() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name  # not $USER, which anybody may set
    except (ImportError, KeyError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _machine() -> str:
    """Tells machines apart without naming them: records are attached to tickets."""
    return f"machine {hashlib.sha256(platform.node().encode()).hexdigest()[:8]}"
