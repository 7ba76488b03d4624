"""PL/pgSQL bodies, looked into: a column or table that is not there, found before a call finds it.

CREATE FUNCTION checks a PL/pgSQL body for syntax only; what it mentions is looked up when it runs,
at night. Here the statements inside are taken out by the parser, variables become NULL, and the
server is asked to analyse each (PREPARE, which runs nothing). Only two answers are believed,
"no such column" and "no such table": for anything else a NULL may be to blame.

Source: https://www.postgresql.org/docs/current/plpgsql-implementation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import postgast
import psycopg
from postgast import pg_query_pb2 as pb

from ..sql import Statement
from .tree import inner, option_value, strings

_ANALYSED = ("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")
_SPECIAL = {"new", "old", "found", "sqlstate", "sqlerrm"}
_STATEMENT, _EXPRESSION = 0, 2  # RawParseMode; what is above assigns


@dataclass
class Body:
    """One function, taken apart: its queries as (text, how the parser is to read it)."""

    name: str
    line: int
    path: str | None
    tables: tuple[str, ...] = ()
    variables: set[str] = field(default_factory=set)
    queries: list[tuple[str, int]] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    makes_tables: bool = False


@dataclass(frozen=True)
class Looked:
    """What came of it.

    Fields:
        missing: (function, what is not there, whether it is only a table: that may still come).
        looked_into, functions: how many PL/pgSQL bodies, of how many.
    """

    missing: tuple[tuple[str, str, bool], ...] = ()
    looked_into: int = 0
    functions: int = 0


def look_into(conn: psycopg.Connection, statements: Sequence[Statement]) -> Looked:
    """Look into every PL/pgSQL body of a file that has run on this database; nothing is changed."""
    bodies, functions = [], 0
    for statement in statements:
        if statement.kind == "create_function_stmt" and language(statement.node) == "plpgsql":
            functions += 1
            body = taken_apart(statement, statements)
            if body:
                bodies.append(body)
    missing: list[tuple[str, str, bool]] = []
    for body in bodies:
        with conn.transaction(force_rollback=True):
            if body.path is not None:
                conn.execute("select set_config('search_path', %s, true)", [body.path])
            missing += _missing(conn, body)
    return Looked(tuple(dict.fromkeys(missing)), len(bodies), functions)


def language(node: Any) -> str:
    """The language of CREATE FUNCTION, in lower case; "sql" where none is named."""
    given = {item.def_elem.defname: item.def_elem.arg for item in node.options}
    return str(option_value(given["language"])).lower() if "language" in given else "sql"


def taken_apart(statement: Statement, statements: Sequence[Statement]) -> Body | None:
    """None where the parser cannot take it apart; then nothing is said of it."""
    names = strings(statement.node.funcname)
    try:
        (tree,) = postgast.parse_plpgsql(_readable(statement))
    except (postgast.PgQueryError, json.JSONDecodeError, ValueError):
        return None
    body = Body(".".join(names), statement.line, _path(statement.node))
    body.tables = tuple(_fired_by(names, statements))
    function = tree["PLpgSQL_function"]
    body.variables = {names[-1], *_SPECIAL}
    for datum in function.get("datums", ()):
        for kind, value in datum.items():
            if "refname" in value:
                body.variables.add(value["refname"])
            if kind == "PLpgSQL_recfield" and _parent(function, value) in ("new", "old"):
                body.fields.add(value["fieldname"])
    collect(function.get("action", {}), body)
    return body


def _readable(statement: Statement) -> str:
    """The function as the parser can read it: a trigger's NEW and OLD as arguments.

    Its description of a real trigger function is not valid JSON.
    """
    tree = pb.ParseResult()
    node = tree.stmts.add().stmt.create_function_stmt
    node.CopyFrom(statement.node)
    if strings(node.return_type.names)[-1] == "trigger":
        for name in ("new", "old"):
            argument = node.parameters.add().function_parameter
            argument.name, argument.mode = name, 6  # default
            argument.arg_type.names.add().string.sval = "record"
        del node.return_type.names[:]
        node.return_type.names.add().string.sval = "record"
    spelled = [item.function_parameter.arg_type for item in node.parameters]
    for each in [*spelled, node.return_type]:
        # It knows no schema of ours; a type matters only to what is not believed anyway.
        if len(each.names) > 1 and strings(each.names)[0] not in ("pg_catalog", "public"):
            del each.names[:]
            del each.typmods[:]
            each.names.add().string.sval = "text"
    return postgast.deparse(tree)


def _parent(function: dict, value: dict) -> str:
    parent = function["datums"][value.get("recparentno", 0)]
    return next(iter(parent.values())).get("refname", "")


def _path(node: Any) -> str | None:
    for item in node.options:
        if item.def_elem.defname == "set":
            setting = inner(item.def_elem.arg)[1]
            if setting.name == "search_path":
                parts = [argument.a_const.sval.sval for argument in setting.args]
                return ", ".join(f'"{part}"' if part else '""' for part in parts)
    return None


def _fired_by(function: tuple[str, ...], statements: Sequence[Statement]) -> Iterator[str]:
    """The tables whose triggers call the function, in this file."""
    for statement in statements:
        node = statement.node
        if statement.kind == "create_trig_stmt" and strings(node.funcname)[-1] == function[-1]:
            relation = node.relation
            yield f'"{relation.schemaname or "public"}"."{relation.relname}"'


def collect(part: Any, body: Body) -> None:
    """Add every query of a parsed body, wherever it stands."""
    if isinstance(part, list):
        for item in part:
            collect(item, body)
    elif isinstance(part, dict):
        body.makes_tables |= "PLpgSQL_stmt_dynexecute" in part
        expression = part.get("PLpgSQL_expr")
        if expression:
            body.queries.append((expression["query"], expression.get("parseMode", 0)))
        for value in part.values():
            collect(value, body)


def _missing(conn: psycopg.Connection, body: Body) -> Iterator[tuple[str, str, bool]]:
    for text, mode in body.queries:
        statement = parsed(text, mode)
        if statement is None:
            continue
        if statement.WhichOneof("node") not in _ANALYSED:
            body.makes_tables = True
            continue
        complaints = [
            _complaint(conn, _with_nulls(statement, body, table)) for table in body.tables or ("",)
        ]
        # Shared by several tables, a body may speak of columns that only some of them have.
        if all(complaints):
            words, table_only = complaints[0]
            if not (table_only and body.makes_tables):
                yield body.name, words, table_only
    for name in sorted(body.fields):
        complaints = [_complaint(conn, f'select (null::{table})."{name}"') for table in body.tables]
        if complaints and all(complaints):
            yield body.name, complaints[0][0], complaints[0][1]


def parsed(text: str, mode: int) -> Any:
    """The parsed statement of one query; None where it cannot be read by itself."""
    if mode > _EXPRESSION:  # target := expression
        ends = [at + len(sign) for sign in (":=", "=") if (at := text.find(sign)) >= 0]
        text = text[min(ends) :].lstrip("=") if ends else text
    if mode != _STATEMENT:
        text = f"select {text}"
    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError:
        return None
    return tree.stmts[0].stmt if tree.stmts else None


def _with_nulls(statement: Any, body: Body, table: str) -> str:
    """The statement with NULL for each variable; NEW and OLD as rows of their table."""
    tree = pb.ParseResult()
    tree.stmts.add().stmt.CopyFrom(statement)
    aliases = {
        message.alias.aliasname or message.relname
        for _, message in postgast.walk(tree)
        if isinstance(message, pb.RangeVar)
    }
    for _, message in list(postgast.walk(tree)):
        if isinstance(message, pb.Node):
            _replace(message, body, table, aliases)
        for descriptor, value in message.ListFields():
            if descriptor.message_type is None or descriptor.message_type.name != "Node":
                continue
            for node in value if descriptor.is_repeated else (value,):
                _replace(node, body, table, aliases)
    return postgast.deparse(tree)


def _replace(node: Any, body: Body, table: str, aliases: set[str]) -> None:
    kind, message = inner(node)
    if kind == "param_ref":
        node.a_const.isnull = True
    if kind != "column_ref":
        return
    parts = [inner(item) for item in message.fields]
    if parts[0][0] != "string":
        return
    name = parts[0][1].sval
    known = name in body.variables or name.startswith("tg_")
    if not known or (len(parts) > 1 and name in aliases):
        return
    row = name in ("new", "old") and table
    rest = [item[1].sval for item in parts[1:] if item[0] == "string"]
    if row and rest:
        text = f'select (null::{table})."{rest[0]}"'
        replaced = postgast.parse(text).stmts[0].stmt.select_stmt.target_list[0].res_target.val
        node.CopyFrom(replaced)
        return
    node.a_const.isnull = True


def _complaint(conn: psycopg.Connection, text: str) -> tuple[str, bool] | None:
    """What is not there, and whether it is a table; None when nothing that we believe is said."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(f"prepare runbook_body as {text}")
    except psycopg.errors.UndefinedColumn as error:
        return _words(error), False
    except psycopg.errors.UndefinedTable as error:
        # Also said of an alias that is not there: that is no table which may still come.
        return _words(error), "does not exist" in (error.diag.message_primary or "")
    except psycopg.Error:
        if conn.closed:
            raise
        return None
    conn.execute("deallocate runbook_body")
    return None


def _words(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
