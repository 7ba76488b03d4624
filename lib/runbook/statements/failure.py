"""A failed statement in words: file, line, column, caret, SQLSTATE, PostgreSQL's own hint."""

from __future__ import annotations

import psycopg

from ..errors import StatementFailed
from ..redact import redact
from ..sql import Script, Statement, excerpt


def statement_failed(script: Script, statement: Statement, error: psycopg.Error) -> StatementFailed:
    """The error of one statement, as the operator needs to read it.

    PostgreSQL counts the position in the statement that it was sent; the reader wants it in the
    file. Errors inside of a function body have no position in the file: their context is shown.
    """
    position = int(error.diag.statement_position or 1) - 1
    place = excerpt(script.text, statement.offset + position, file=script.file)
    head = f"{script.file}, line {statement.line}: {_message(error)}"
    return _failed([head, place], error)


def commit_failed(script: Script, error: psycopg.Error) -> StatementFailed:
    """What failed after the last statement: a deferred constraint, the history row, a full disk."""
    return _failed([f"{script.file}, at its end, before the commit: {_message(error)}"], error)


def _message(error: psycopg.Error) -> str:
    words = error.diag.message_primary or str(error).strip()
    return f"{words} (SQLSTATE {error.sqlstate or 'unknown'})"


def _failed(lines: list[str], error: psycopg.Error) -> StatementFailed:
    diag = error.diag
    for label, text in (
        ("Detail", diag.message_detail),
        ("Hint", diag.message_hint),
        ("Context", diag.context),
    ):
        if text:
            lines.append(f"{label}: {text}")
    return StatementFailed(
        redact("\n".join(lines)), remedy="Mend the file and run this cell again."
    )
