"""Where a file's transactions begin: in one as a rule, in several where it cannot do without.

A file is one transaction. Three things end one in its middle: a statement that PostgreSQL will not
run inside of a transaction, the file's own COMMIT (only where the plan says `transaction = "own"`),
and the use of an enum value that the same file adds, which needs a commit first (SQLSTATE 55P04).

Source: https://www.postgresql.org/docs/current/sql-altertype.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import postgast
from postgast import pg_query_pb2 as pb

from ..errors import FileInvalid
from .tree import inner, option_value, strings

if TYPE_CHECKING:
    from ..sql import Script, Statement

_IN_SAVEPOINT = ("SAVEPOINT", "RELEASE", "ROLLBACK_TO")
_BODIES = ("do_stmt", "create_function_stmt")


@dataclass
class Transactions:
    """A file's statements without its transaction control.

    Fields:
        statements: what is sent.
        begins: (number of a statement, from 0; why a new transaction begins with it).
        notices: what the reader should know about what was taken off.
    """

    statements: list[Statement]
    begins: dict[int, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def read_transactions(statements: list[Statement], *, file: str, own: bool) -> Transactions:
    """Take a file's transaction control off and say where its transactions begin.

    Args:
        own: whether the file's own BEGIN and COMMIT count.

    Raises:
        FileInvalid: transaction control that would slip out of the runner's transaction.
    """
    read = _own(statements, file) if own else _unwrap(statements, file)
    if not own:
        for statement in read.statements:
            if statement.kind == "transaction_stmt":
                raise _refused(statement, file)
    for number, why in _enum_uses(read):
        read.begins.setdefault(number, why)
    return read


def split_parts(script: Script) -> list[tuple[Statement, ...]]:
    """The statements that share a transaction, together; each that cannot be in one, alone."""
    starts = {number for number, _ in script.begins}
    parts: list[list[Statement]] = []
    for number, statement in enumerate(script.statements):
        joins = parts and statement.transactional and parts[-1][0].transactional
        if joins and number not in starts:
            parts[-1].append(statement)
        else:
            parts.append([statement])
    return [tuple(part) for part in parts]


def settings_before(script: Script, part: Sequence[Statement]) -> list[Statement]:
    """The SETs of a session that the file made before this part; in psql they would still hold."""
    return [s for s in script.statements if s.offset < part[0].offset and _is_setting(s)]


def transaction_kind(statement: Statement) -> str:
    """BEGIN, START, COMMIT, ROLLBACK, SAVEPOINT … of a transaction statement."""
    node = statement.node
    name = node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[node.kind].name
    return name.removeprefix("TRANS_STMT_")


def _unwrap(statements: list[Statement], file: str) -> Transactions:
    """Take a BEGIN … COMMIT pair off that wraps the whole file; the runner brings its own."""
    wrapped = (
        len(statements) > 1
        and _is(statements[0], "BEGIN", "START")
        and _is(statements[-1], "COMMIT")
    )
    if not wrapped:
        return Transactions(statements)
    first, last = statements[0], statements[-1]
    notice = (
        f"{file}: the BEGIN on line {first.line} and the COMMIT on line {last.line} wrap the whole"
        " file and were taken off: the runbook's own transaction also holds the history row."
    )
    return Transactions(statements[1:-1], notices=[notice])


def _own(statements: list[Statement], file: str) -> Transactions:
    """The file's own BEGIN and COMMIT as the borders of the runner's transactions."""
    read = Transactions([])
    opened: Statement | None = None
    for statement in statements:
        kept = len(read.statements)
        if _is(statement, "BEGIN", "START"):
            opened = opened or statement
            read.begins.setdefault(kept, f"the file's own BEGIN on line {statement.line}")
        elif _is(statement, "COMMIT"):
            opened = statement if statement.node.chain else None
            read.begins[kept] = f"the file's own COMMIT on line {statement.line}"
        elif statement.kind == "transaction_stmt" and not _is(statement, *_IN_SAVEPOINT):
            raise _refused(statement, file)
        else:
            read.statements.append(statement)
    if opened:
        raise FileInvalid(
            f"{file}, line {opened.line}: {transaction_kind(opened)} without a COMMIT: psql would"
            " roll back what follows it.",
            remedy="Write the COMMIT, or take the BEGIN out.",
        )
    read.begins = {at: why for at, why in read.begins.items() if 0 < at < len(read.statements)}
    return read


def _refused(statement: Statement, file: str) -> FileInvalid:
    kind = transaction_kind(statement)
    remedy = "Take it out; the runbook wraps the whole file in one transaction."
    if kind in ("BEGIN", "START", "COMMIT"):
        remedy += (
            ' Where the file needs a commit in its middle, say transaction = "own" in its entry of'
            " the plan: it then runs as consecutive transactions."
        )
    return FileInvalid(
        f"{file}, line {statement.line}: {kind} inside the file would end or split the"
        " transaction that protects it, and a later error would leave the first part behind.",
        remedy=remedy,
    )


def _is(statement: Statement, *kinds: str) -> bool:
    return statement.kind == "transaction_stmt" and transaction_kind(statement) in kinds


def _is_setting(statement: Statement) -> bool:
    node = statement.node
    if statement.kind == "variable_set_stmt":
        return not node.is_local and not node.name.upper().startswith(("TRANSACTION", "SESSION C"))
    if statement.kind == "select_stmt" and len(node.target_list) == 1:  # as pg_dump writes it
        kind, call = inner(node.target_list[0].res_target.val)
        return kind == "func_call" and strings(call.funcname)[-1] == "set_config"
    return False


def _enum_uses(read: Transactions) -> Iterator[tuple[int, str]]:
    """Statements that use an enum value added since the last commit, to a type that was there."""
    made: set[str] = set()
    added: dict[str, int] = {}
    for number, statement in enumerate(read.statements):
        if number in read.begins or not statement.transactional:
            added.clear()
        used = next((label for label in added if _uses(statement, label)), None)
        if used is not None:
            yield number, f"it uses the enum value {used!r} that line {added[used]} adds"
            added.clear()
        if statement.kind == "create_enum_stmt":
            made.add(strings(statement.node.type_name)[-1])
        for node in _adding(statement):
            if node.new_val and not node.old_val and strings(node.type_name)[-1] not in made:
                added[node.new_val] = statement.line


def _adding(statement: Statement) -> Iterator[Any]:
    """The ALTER TYPE … ADD VALUE that a statement is, or that a DO block holds."""
    if statement.kind == "alter_enum_stmt":
        yield statement.node
    elif statement.kind == "do_stmt" and "add value" in statement.text.lower():
        try:
            queries = list(_queries(postgast.parse_plpgsql(statement.text)))
            for tree in map(postgast.parse, queries):
                yield from (item.stmt.alter_enum_stmt for item in tree.stmts)
        except (postgast.PgQueryError, json.JSONDecodeError, ValueError):
            return


def _queries(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _queries(item)
    elif isinstance(part, dict):
        text = part.get("PLpgSQL_expr", {}).get("query", "")
        if text.lstrip().lower().startswith("alter type"):
            yield text
        for value in part.values():
            yield from _queries(value)


def _uses(statement: Statement, label: str) -> bool:
    """Whether the literal stands in the statement, or in a body that runs or is analysed now."""
    if label not in statement.text:
        return False
    if statement.kind in _BODIES and not _later(statement):
        return f"'{label}'" in statement.text
    return any(
        isinstance(message, pb.A_Const) and message.sval.sval == label
        for _, message in postgast.walk(statement.node)
    )


def _later(statement: Statement) -> bool:
    """Whether the body is only looked at when somebody calls it: PL/pgSQL, but not a DO block."""
    if statement.kind == "do_stmt":
        return False
    given = {item.def_elem.defname: item.def_elem.arg for item in statement.node.options}
    return str(option_value(given["language"])).lower() != "sql" if "language" in given else False
