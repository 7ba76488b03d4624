"""What is sent: one text that is one transaction, and that answers in one JSON value.

A session lasts for one call, and of several statements only the last one's result comes back. So
each text is a DO block and a SELECT: in the block PL/pgSQL's exceptions are the savepoints, its
variables survive what they take back, and an error becomes a value with its SQLSTATE instead of one
line of somebody else's words. What is not to be kept is undone by an exception of our own, before
the answer is given. The statements of one text are one transaction, as the server takes it: all of
it is committed, or nothing.

Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import postgast
from psycopg.sql import Literal

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|s|%)")

# The exception that takes a block's work back without being an error; no code of PostgreSQL's, and
# not one that ends in 000: PL/pgSQL takes those for all codes of their class.
UNDO = "RB001"

DIAGNOSTICS = """get stacked diagnostics said_state = returned_sqlstate,
            said_message = message_text, said_detail = pg_exception_detail,
            said_hint = pg_exception_hint, said_context = pg_exception_context,
            said_constraint = constraint_name;"""
DECLARED = """said_state text; said_message text; said_detail text; said_hint text;
    said_context text; said_constraint text;"""
ERROR = """jsonb_build_object('state', said_state, 'message', said_message,
            'detail', said_detail, 'hint', said_hint, 'context', said_context,
            'constraint', said_constraint)"""


class Unnamed(Exception):
    """How many columns a statement returns is not in its text: `select *`."""


def literal(value: Any) -> str:
    """A value as SQL, quoted by psycopg."""
    return Literal(value).as_string(None).strip()


def bound(sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> str:
    """A query with its placeholders filled in on this side; None leaves `%` alone."""
    if parameters is None:
        return sql
    given = None if isinstance(parameters, Mapping) else iter(parameters)

    def filled(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return literal(next(given) if given is not None else parameters[found[1]])  # type: ignore[call-overload]

    return _PLACEHOLDER.sub(filled, sql)


def quoted(text: str) -> str:
    """A text between dollars that it cannot hold."""
    tag = f"$runbook_{secrets.token_hex(8)}$"
    return f"{tag}{text}{tag}"


def sent(body: str, *, timeout_ms: int, snapshot: bool = False, read_only: bool = False) -> str:
    """A block's body as the whole text of a call; the body leaves its answer in `answer`.

    Args:
        timeout_ms: for the whole block.
        snapshot: whether all its statements see the database at one moment.
        read_only: whether the server is told to refuse every change.
    """
    first = ["isolation level repeatable read"] if snapshot else []
    first += ["read only"] if read_only else []
    start = f"set transaction {', '.join(first)};\n" if first else ""
    return (
        f"{start}set local statement_timeout = {int(timeout_ms)};\n"
        f"do {quoted(body)};\n"
        "select pg_catalog.current_setting('runbook.answer', true) as document"
    )


def statement(
    sql: str, *, before: Iterable[str] = (), keep: bool, columns: int | None = None
) -> str:
    """The body that runs one statement, and reads its rows.

    Args:
        before: settings to make first.
        keep: False takes everything back.
        columns: how many it returns, where its text does not say.

    Raises:
        Unnamed: its text does not say.
    """
    columns = width(sql) if columns is None else columns
    run = f"execute {literal(as_rows(sql, columns) if columns else sql)}"
    run += " into rows, types;" if columns else "; get diagnostics counted = row_count;"
    settings = "\n".join(f"execute {literal(each)};" for each in before)
    undo = "" if keep else f"raise sqlstate '{UNDO}';"
    return f"""
declare
    rows json; types json; counted bigint; answer jsonb;
    {DECLARED}
begin
    begin
        {settings}
        {run}
        answer := jsonb_build_object('types', types, 'count', counted);
        {undo}
    exception
        when sqlstate '{UNDO}' then null;
        when query_canceled or others then
            {DIAGNOSTICS}
            answer := jsonb_build_object('error', {ERROR});
    end;
    -- The rows as they are: jsonb would take them apart and put them together again.
    perform set_config('runbook.answer',
        left(answer::text, -1) || ', "rows": ' || coalesce(rows::text, 'null') || '}}', true);
end
"""


def as_rows(sql: str, columns: int) -> str:
    """Each row a list of its columns' own text; and of what type each column is."""
    names = [f"c{number}" for number in range(1, columns + 1)]
    texts = ", ".join(f"t.{name}::text" for name in names)
    types = ", ".join(f"pg_typeof(t.{name})::oid::int8" for name in names)
    return (
        f"with t ({', '.join(names)}) as (\n{sql}\n) select coalesce(json_agg("
        f"json_build_array({texts})), '[]'), min(json_build_array({types})::text)::json from t"
    )


def width(sql: str) -> int:
    """How many columns one statement returns; 0 for none, or for several statements."""
    tree = postgast.parse(sql)
    if len(tree.stmts) != 1:
        return 0
    node = tree.stmts[0].stmt
    kind = node.WhichOneof("node")
    if kind == "select_stmt":
        return _selected(node.select_stmt)
    return returning(getattr(node, kind))


def returning(node: Any) -> int:
    """How many columns an INSERT, UPDATE, DELETE or MERGE returns."""
    # One parser's version has a list, the next one a clause that holds it.
    clause = getattr(node, "returning_clause", None)
    return len(getattr(node, "returning_list", ())) or len(getattr(clause, "exprs", ()))


def _selected(select: Any) -> int:
    while select.HasField("larg"):
        select = select.larg
    if select.values_lists:
        return len(select.values_lists[0].list.items)
    if any(
        field.WhichOneof("node") == "a_star"
        for item in select.target_list
        for field in item.res_target.val.column_ref.fields
    ):
        raise Unnamed("select *")
    return len(select.target_list)


def reads(sql: str) -> bool:
    """Whether a text only looks: selects, none of which holds a change."""
    nodes = [each.stmt for each in postgast.parse(sql).stmts]
    return all(
        node.WhichOneof("node") in ("select_stmt", "explain_stmt", "variable_show_stmt")
        and not any(
            cte.common_table_expr.ctequery.WhichOneof("node") != "select_stmt"
            for cte in node.select_stmt.with_clause.ctes
        )
        for node in nodes
    )


def is_setting(sql: str) -> bool:
    """Whether a statement only sets what the rest of its transaction runs under."""
    nodes = [each.stmt for each in postgast.parse(sql).stmts]
    return bool(nodes) and all(map(_sets, nodes))


def _sets(node: Any) -> bool:
    kind = node.WhichOneof("node")
    if kind == "variable_set_stmt":
        return True
    if kind != "select_stmt" or not node.select_stmt.target_list:
        return False
    calls = [item.res_target.val for item in node.select_stmt.target_list]
    return all(
        call.WhichOneof("node") == "func_call"
        and call.func_call.funcname[-1].string.sval in ("set_config", "pg_advisory_xact_lock")
        for call in calls
    )
