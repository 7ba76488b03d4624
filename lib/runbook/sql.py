"""Migration files as PostgreSQL itself reads them: decode, split, classify.

Every question about SQL is answered by PostgreSQL's own parser (libpg_query); there is no regular
expression on SQL in this package.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import postgast

from .errors import FileInvalid
from .statements.decode import read_sql
from .statements.transactions import read_transactions


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file.

    Fields:
        text: from its first token up to, not including, the semicolon; what the server gets.
        source: the same with the comments above it; what the history keeps.
        offset: characters from the start of the file to the first token.
        line, column: of the first token, from 1.
        kind: the parse tree's name of it, e.g. "create_stmt".
        node: the parse tree itself (a protobuf message of libpg_query).
    """

    text: str
    source: str
    offset: int
    line: int
    column: int
    kind: str
    node: Any = field(repr=False, compare=False)

    @property
    def transactional(self) -> bool:
        """Whether PostgreSQL lets it run inside a transaction block (else SQLSTATE 25001)."""
        return not _outside_transaction(self.kind, self.node)

    @property
    def serverwide(self) -> bool:
        """Whether it acts on the whole server and not on the database it is sent to."""
        return self.kind in _SERVERWIDE

    @property
    def title(self) -> str:
        """Its first line, shortened: what progress and logs show."""
        first = " ".join(self.text.split("\n", 1)[0].split())
        return first if len(first) <= 72 else first[:71] + "…"


@dataclass(frozen=True, slots=True)
class Script:
    """A whole file: its text, its statements, and what was taken off around them.

    Fields:
        file: the path as shown to people.
        text: the file's text.
        statements: in file order, transaction control left out.
        notices: what the reader should know about how it was read.
        sha256: hex digest of the file's bytes.
        begins: (number of a statement, from 0; why a new transaction begins with it).
        sources: of every statement, transaction control too: what the history keeps.
    """

    file: str
    text: str = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)
    notices: tuple[str, ...] = ()
    sha256: str = ""
    begins: tuple[tuple[int, str], ...] = ()
    sources: tuple[str, ...] = field(default=(), repr=False)

    @property
    def transactional(self) -> bool:
        """Whether the whole file runs in one transaction."""
        return not self.begins and all(statement.transactional for statement in self.statements)


def read_script(path: Path, *, shown: str = "", own: bool = False) -> Script:
    """Read, decode, split and guard one migration file.

    Args:
        path: the file.
        shown: its name as people know it, e.g. "migrations/x.sql"; the path itself by default.
        own: whether the file's own BEGIN and COMMIT divide it (`transaction = "own"`).

    Raises:
        FileInvalid: with file and line, for anything that cannot be run exactly as written.
    """
    file = shown or str(path)
    return script_of(read_sql(path, shown=file), file=file, own=own)


@lru_cache(maxsize=128)  # by its text: each stage reads its file anew, and seldom finds another
def script_of(text: str, *, file: str, own: bool = False) -> Script:
    """The same from a text that is no file; arguments and errors as of read_script()."""
    parsed = split(text, file=file)
    read = read_transactions(parsed, file=file, own=own)
    if not read.statements:
        raise FileInvalid(
            f"{file} contains no SQL statement.",
            remedy="Write the migration, or take the file and its plan entry out.",
        )
    for statement in read.statements:
        _guard(statement, file=file)
    return Script(
        file=file,
        text=text,
        statements=tuple(read.statements),
        notices=tuple(read.notices),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        begins=tuple(sorted(read.begins.items())),
        sources=tuple(statement.source for statement in parsed),
    )


def split(text: str, *, file: str = "<text>") -> list[Statement]:
    """Split SQL into statements with PostgreSQL's parser.

    Raises:
        FileInvalid: a syntax error, with file, line, column and a caret.
    """
    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as error:
        raise _syntax_error(text, error, file) from None
    raw = text.encode()
    # The parser counts bytes; people, psycopg and slices count characters.
    ascii_only = len(raw) == len(text)
    statements: list[Statement] = []
    previous_end = 0
    line, seen, seen_bytes = 1, 0, 0
    for item in tree.stmts:
        begin = item.stmt_location
        end = begin + item.stmt_len if item.stmt_len else len(raw)
        body = raw[begin:end]
        begin += len(body) - len(body.lstrip())
        offset = begin if ascii_only else seen + len(raw[seen_bytes:begin].decode())
        line += text.count("\n", seen, offset)
        seen, seen_bytes = offset, begin
        column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        kind = item.stmt.WhichOneof("node")
        statements.append(
            Statement(
                text=body.decode().strip(),
                source=raw[previous_end:end].decode().lstrip(";").strip(),
                offset=offset,
                line=line,
                column=column,
                kind=kind,
                node=getattr(item.stmt, kind),
            )
        )
        previous_end = end
    return statements


def excerpt(text: str, offset: int, *, file: str) -> str:
    """`file:line:column`, the line itself and a caret under the place."""
    offset = max(0, min(offset, len(text)))
    start = text.rfind("\n", 0, offset) + 1
    stop = text.find("\n", offset)
    row = text[start : stop if stop >= 0 else len(text)]
    line, column = text.count("\n", 0, start) + 1, offset - start + 1
    left = max(0, column - 60)
    shown = row[left : left + 100].replace("\t", " ")
    gutter = f"{line:>5} | "
    return f"{file}:{line}:{column}\n{gutter}{shown}\n{' ' * (len(gutter) + column - 1 - left)}^"


def _guard(statement: Statement, *, file: str) -> None:
    """Refuse what cannot be sent at all."""
    place = f"{file}, line {statement.line}"
    if statement.kind == "copy_stmt" and _talks_to_client(statement.node):
        what, remedy = (
            ("FROM STDIN needs a client that feeds it rows", "Write the rows as INSERT … VALUES.")
            if statement.node.is_from
            else ("TO STDOUT needs a client that takes its rows", "Take it out.")
        )
        raise FileInvalid(f"{place}: COPY … {what}.", remedy=remedy)
    if statement.kind == "index_stmt" and statement.node.concurrent and not statement.node.idxname:
        raise FileInvalid(
            f"{place}: CREATE INDEX CONCURRENTLY without a name: should the build be interrupted,"
            " the INVALID index that stays behind could not be found.",
            remedy="Give the index a name.",
        )


def _talks_to_client(node: Any) -> bool:
    return not node.filename and not node.is_program


def _syntax_error(text: str, error: postgast.PgQueryError, file: str) -> FileInvalid:
    offset = max(error.cursorpos - 1, 0)  # in characters, unlike the parse tree's locations
    line_start = text.rfind("\n", 0, offset) + 1
    message, remedy = f"{' '.join(error.message.split())}.", "Mend the file and run this again."
    if text[line_start:].lstrip().startswith("\\"):
        message = "this is a psql meta-command, not SQL; only psql understands it."
        remedy = "Write the SQL it stands for."
    elif _after_copy(text[:offset]):
        message = "these are rows for COPY … FROM STDIN, which needs a client that feeds it."
        remedy = "Write the rows as INSERT … VALUES."
    return FileInvalid(
        f"{file} cannot be parsed: {message}\n{excerpt(text, offset, file=file)}", remedy=remedy
    )


def _after_copy(text: str) -> bool:
    """Whether the text up to a syntax error ends in COPY … FROM STDIN and its rows."""
    head, separator, _ = text.rpartition(";")
    if not separator:
        return False
    try:
        last = postgast.parse(head).stmts[-1].stmt
    except (postgast.PgQueryError, IndexError):
        return False
    if last.WhichOneof("node") != "copy_stmt":
        return False
    return last.copy_stmt.is_from and _talks_to_client(last.copy_stmt)


def _outside_transaction(kind: str, node: Any) -> bool:
    match kind:
        case "index_stmt" | "drop_stmt":
            return node.concurrent
        case "reindex_stmt":
            options = {item.def_elem.defname for item in node.params}
            return "concurrently" in options or node.kind in _REINDEX_MANY
        case "vacuum_stmt":
            return node.is_vacuumcmd
        case "alter_table_stmt":
            return any(
                item.alter_table_cmd.HasField("def")
                and getattr(item.alter_table_cmd, "def").WhichOneof("node") == "partition_cmd"
                and getattr(item.alter_table_cmd, "def").partition_cmd.concurrent
                for item in node.cmds
            )
        case "alter_database_stmt":
            return any(item.def_elem.defname == "tablespace" for item in node.options)
        case "cluster_stmt":
            return not node.HasField("relation")
        case "create_subscription_stmt" | "drop_subscription_stmt":
            return True
    return kind in _SERVERWIDE


_SERVERWIDE = frozenset(
    {
        "alter_system_stmt",
        "createdb_stmt",
        "dropdb_stmt",
        "create_table_space_stmt",
        "drop_table_space_stmt",
    }
)
_REINDEX_MANY = frozenset({3, 4, 5})  # REINDEX_OBJECT_SCHEMA, _SYSTEM, _DATABASE
