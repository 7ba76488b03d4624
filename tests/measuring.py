"""Scenarios in a line, and their access matrix: what the tests of it measure with."""

from __future__ import annotations

import uuid

import psycopg
from runbook import access, scenario
from runbook.findings import PASS, Finding

ADA = "ada@scenario.example"


BOB = "bob@scenario.example"


def step(sql: str, expect: str = "ok", who: str = "owner") -> str:
    return f"-- name: {uuid.uuid4()}\n-- as: {who}\n-- expect: {expect}\n{sql};\n\n"


def declared(table: str, *rows: str) -> str:
    head = [f"access: {table}", "  role  select insert update delete"]
    return "".join(f"-- {line}\n" for line in [*head, *rows]) + "\n"


def measure(conn: psycopg.Connection, *parts: str, **options) -> access.Measured:
    return access.measure(conn, scenario.parse("".join(parts), file="a.sql"), **options)


def rows_of(measured: access.Measured) -> dict[str, Finding]:
    """The matrix's findings by object; every statement of the scenario must have passed."""
    told = [row for row in measured.findings if row.check == "scenario"]
    assert [row for row in told if row.verdict != PASS] == []
    return {row.object: row for row in measured.findings if row.check == "access"}


def cells(measured: access.Measured, actor: str) -> dict[str, int]:
    return {row.command: row.allowed for row in measured.rows if row.actor == actor}


USERS = step(
    "insert into auth.users (id, email)"
    f" values (gen_random_uuid(), '{ADA}'), (gen_random_uuid(), '{BOB}')"
)


CLOSED = "none none none none"
