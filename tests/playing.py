"""Scenarios in a line, played: what the tests of them play with."""

from __future__ import annotations

import uuid

import psycopg
from runbook import scenario
from runbook.findings import Finding


def step(sql: str, expect: str = "ok", who: str = "owner", name: str = "") -> str:
    return f"-- name: {name or uuid.uuid4()}\n-- as: {who}\n-- expect: {expect}\n{sql};\n\n"


def play(conn: psycopg.Connection, *steps: str, **options: int) -> dict[str, Finding]:
    """Run the steps; the findings by name, in order."""
    text = "".join(steps)
    found = scenario.run(conn, scenario.parse(text, file="a.sql"), **options)
    return {row.object: row for row in found}


def last(conn: psycopg.Connection, *steps: str, **options: int) -> Finding:
    """The finding of the last statement (two rows follow it)."""
    return list(play(conn, *steps, **options).values())[-3]
