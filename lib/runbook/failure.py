"""A failed statement in words: file, line, column, caret, SQLSTATE, PostgreSQL's own hint."""

from __future__ import annotations

import psycopg

from .errors import StatementFailed
from .redact import redact
from .sql import Script, Statement, excerpt


def statement_failed(script: Script, statement: Statement, error: psycopg.Error) -> StatementFailed:
    """The error of one statement, as the operator needs to read it.

    PostgreSQL counts the position in the statement that it was sent; the reader wants it in the
    file. Errors inside of a function body have no position in the file: their context is shown.
    """
    diag = error.diag
    position = int(diag.statement_position or 1) - 1
    place = excerpt(script.text, statement.offset + position, file=script.file)
    lines = [
        f"{script.file}, line {statement.line}: {diag.message_primary or str(error).strip()}"
        f" (SQLSTATE {error.sqlstate or 'unknown'})",
        place,
    ]
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
