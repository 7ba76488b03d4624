"""Scenario files as values: SQL statements with the directives in the comments above them.

The SQL is split by PostgreSQL's parser and the comments are found by its scanner; only the text of
a comment line is looked at with a regular expression. A directive that is unknown, missing, twice
there or above nothing refuses the file: a mistyped promise must not pass as prose.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import postgast

from .. import sql
from ..errors import FileInvalid
from ..statements.transactions import transaction_kind
from . import actor, expectation
from .actor import Actor
from .cast import one_at_a_time
from .expectation import Expectation

KNOWN = ("name", "as", "expect", "access")
COMMANDS = ("select", "insert", "update", "delete")

# `-- word: …` is a directive; `-- https://…` is not.
_DIRECTIVE = re.compile(r"--+\s*([A-Za-z_]+)\s*:(?!//)\s*(.*?)\s*")
_CELL = re.compile(r"none|all|(\d+)/(\d+)")
_SQL_COMMENT, _C_COMMENT = 275, 276


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One statement and what it must do; `line` is where the statement starts."""

    name: str
    actor: Actor
    expect: Expectation
    line: int
    statement: sql.Statement = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessRow:
    """What one actor may do with a table: command → none · all · k/n."""

    actor: Actor
    cells: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True)
class AccessTable:
    """One declared `-- access:` table; `table` is schema-qualified, as written."""

    table: str
    rows: tuple[AccessRow, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file of migrations/tests/: its steps in order, and the access it declares."""

    file: str
    steps: tuple[ScenarioStep, ...]
    access: tuple[AccessTable, ...] = ()


@dataclass(slots=True)
class _Comment:
    line: int
    text: str
    alone: bool
    inside: bool
    used: bool = False

    @property
    def directive(self) -> tuple[str, str] | None:
        found = _DIRECTIVE.fullmatch(self.text)
        return (found[1], found[2]) if found else None


def read(path: Path, *, shown: str = "") -> Scenario:
    """Read one scenario file.

    Args:
        path: the file.
        shown: its name as people know it; the path itself by default.

    Raises:
        FileInvalid: with file and line, for anything that could make a promise go unchecked.
    """
    file = shown or str(path)
    return parse(sql.read_sql(path, shown=file), file=file)


@lru_cache(maxsize=64)
def parse(text: str, *, file: str = "<text>") -> Scenario:
    """The same for a text that is already there."""
    statements = sql.split(text, file=file)
    comments = _comments(text, statements)
    by_line = {comment.line: comment for comment in comments if comment.alone}
    steps = [_step(statement, by_line, file) for statement in statements]
    last = max((statement.line for statement in statements), default=0)
    access = _access(comments, last, file)
    for comment in comments:
        found = comment.directive
        if found and not comment.used and found[0].lower() in KNOWN:
            raise _invalid(file, comment.line, _orphan(comment, found[0], last))
    _unique([(step.name, step.line) for step in steps], "the name", file)
    _unique([(table.table, table.line) for table in access], "the access table of", file)
    if not steps:
        raise _invalid(file, 1, "the file holds no statement, so it would prove nothing")
    return Scenario(file, *one_at_a_time(steps, access))


def _comments(text: str, statements: list[sql.Statement]) -> list[_Comment]:
    """Every `--` comment, and whether it stands alone on its line or inside a statement."""
    raw = text.encode()
    tokens = postgast.scan(text).tokens
    real = [token.end for token in tokens if token.token not in (_SQL_COMMENT, _C_COMMENT)]
    end = len(raw[: max(real, default=0)].decode())
    spans = [(s.offset, min(s.offset + len(s.text), end)) for s in statements]
    starts = [begin for begin, _ in spans]
    found = []
    line, at, seen = 1, 0, 0  # of the last comment: line, sign, byte
    for token in tokens:
        if token.token != _SQL_COMMENT:
            continue
        before = at
        at += len(raw[seen : token.start].decode())
        seen = token.start
        line += text.count("\n", before, at)
        body = raw[token.start : token.end].decode().rstrip()
        alone = not text[text.rfind("\n", 0, at) + 1 : at].strip()
        nearest = bisect_right(starts, at) - 1  # statements stand in order, none in another
        inside = nearest >= 0 and at < spans[nearest][1]
        found.append(_Comment(line, body, alone and not inside, inside))
    return found


def _step(statement: sql.Statement, by_line: dict[int, _Comment], file: str) -> ScenarioStep:
    given: dict[str, tuple[str, int]] = {}
    line = statement.line - 1
    while (comment := by_line.get(line)) and not comment.used:
        comment.used = True
        line -= 1
        if not (found := comment.directive):
            continue
        word, value = found
        if word not in KNOWN:
            raise _invalid(file, comment.line, _unknown(word))
        if word == "access":
            reason = "access tables stand at the end of the file, below the last statement"
            raise _invalid(file, comment.line, reason)
        if word in given:
            raise _invalid(file, comment.line, f"this statement has two `-- {word}:` lines")
        if not value:
            raise _invalid(file, comment.line, f"`-- {word}:` says nothing")
        given[word] = (value, comment.line)
    if missing := [f"`-- {word}:`" for word in ("name", "as", "expect") if word not in given]:
        reason = f"the statement has no {' and no '.join(missing)} line directly above it"
        raise _invalid(file, statement.line, reason)
    _guard(statement, file)
    step_actor = _worded(actor.parse, *given["as"], file)
    expect = _worded(expectation.parse, *given["expect"], file)
    if expect.kind == "index" and statement.kind not in expectation.EXPLAINABLE:
        reason = "`index` explains a query; this statement has no plan"
        raise _invalid(file, given["expect"][1], reason)
    return ScenarioStep(given["name"][0], step_actor, expect, statement.line, statement)


def _guard(statement: sql.Statement, file: str) -> None:
    """Refuse what could outlive the rollback, or cannot run inside a transaction at all."""
    reason = ""
    if statement.kind == "transaction_stmt":
        command = transaction_kind(statement)
        reason = f"{command} would end or split the transaction that takes the scenario back"
    elif statement.kind == "copy_stmt" and not statement.node.filename:
        reason = "COPY from STDIN or to STDOUT needs a client that speaks it; use INSERT or SELECT"
    elif statement.kind in ("prepare_stmt", "execute_stmt", "deallocate_stmt", "discard_stmt"):
        reason = "prepared statements outlive the rollback; write the statement out"
    elif not statement.transactional:
        reason = "this statement cannot run inside a transaction, so it could not be taken back"
    if reason:
        raise _invalid(file, statement.line, reason)


def _access(comments: list[_Comment], last: int, file: str) -> list[AccessTable]:
    """The access tables below the last statement."""
    tables: list[AccessTable] = []
    rest = [comment for comment in comments if comment.alone and comment.line > last]
    while rest:
        head = rest.pop(0)
        if not head.directive or head.directive[0] != "access":
            continue
        head.used = True
        name = head.directive[1]
        if not re.fullmatch(r'("[^"]+"|[\w$]+)\.("[^"]+"|[\w$]+)', name):
            raise _invalid(file, head.line, f"{name!r} is not a table as schema.table")
        rows, line = [], head.line
        columns: list[str] = []
        while rest and rest[0].line == line + 1 and _words(rest[0]) and not _starts_table(rest[0]):
            comment = rest.pop(0)
            comment.used, line = True, comment.line
            if columns:
                rows.append(_access_row(comment, columns, file))
                continue
            columns = _words(comment).split()
            if columns[0] != "role" or sorted(columns[1:]) != sorted(COMMANDS):
                reason = f"an access table starts with: role {' '.join(COMMANDS)}"
                raise _invalid(file, comment.line, reason)
        if not rows:
            raise _invalid(file, head.line, f"the access table of {name} has no rows")
        actors = [
            ((row.actor.label, row.actor.headers, row.actor.claims, row.actor.settings), row.line)
            for row in rows
        ]
        _unique(actors, "the role", file)
        tables.append(AccessTable(name, tuple(rows), head.line))
    return tables


def _access_row(comment: _Comment, columns: list[str], file: str) -> AccessRow:
    parts = _words(comment).rsplit(None, len(COMMANDS))
    if len(parts) != len(columns):
        raise _invalid(file, comment.line, f"a row is a role and {len(COMMANDS)} cells")
    for cell in parts[1:]:
        found = _CELL.fullmatch(cell)
        if not found or (found[1] and int(found[1]) > int(found[2])):
            raise _invalid(file, comment.line, f"{cell!r} is none of: none · all · k/n")
    who = _worded(actor.parse, parts[0], comment.line, file)
    return AccessRow(who, tuple(zip(columns[1:], parts[1:], strict=True)), comment.line)


def _words(comment: _Comment) -> str:
    return comment.text.lstrip("-").strip()


def _starts_table(comment: _Comment) -> bool:
    return bool(comment.directive and comment.directive[0] in KNOWN)


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word.lower(), KNOWN, n=1)
    hint = f"; did you mean `-- {near[0]}:`?" if near else ""
    return (
        f"`-- {word}:` is not a directive{hint} (directives are name, as, expect; prose above a"
        " statement must not look like `-- word:`)"
    )


def _orphan(comment: _Comment, word: str, last: int) -> str:
    if comment.inside:
        return f"`-- {word}:` stands inside a statement; directives stand above it"
    if not comment.alone:
        return f"`-- {word}:` must stand on a line of its own"
    if comment.line > last:
        return f"`-- {word}:` has no statement below it"
    return f"`-- {word}:` is not directly above a statement (a blank line or other text is between)"


def _unique(items: list[tuple[object, int]], what: str, file: str) -> None:
    seen: dict[object, int] = {}
    for key, line in items:
        if key in seen:
            shown = key if isinstance(key, str) else key[0]
            raise _invalid(file, line, f"{what} {shown!r} is already used on line {seen[key]}")
        seen[key] = line


def _worded(reader, text: str, line: int, file: str):
    try:
        return reader(text)
    except ValueError as error:
        raise _invalid(file, line, str(error)) from None


def _invalid(file: str, line: int, reason: str) -> FileInvalid:
    return FileInvalid(
        f"{file}, line {line}: {reason}.",
        remedy="Mend the scenario file and run this again.",
    )
