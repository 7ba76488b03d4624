"""The SQL inside of bodies: what a function, procedure or DO block sends when it runs.

Only what the parser takes apart is said; SQL that a body puts together from strings is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import postgast

from ..sql import Statement
from .bodies import Body, collect, language, parsed, taken_apart
from .tree import option_value


def inside(statement: Statement) -> Iterator[Any]:
    """The parsed statements of a body; none where there is no body, or no reading it."""
    if statement.kind == "create_function_stmt":
        if language(statement.node) == "plpgsql":
            body = taken_apart(statement, [statement])
            yield from _parsed(body) if body else ()
        elif language(statement.node) == "sql":
            yield from _sql(statement.node)
    elif statement.kind == "do_stmt":
        try:
            tree = postgast.parse_plpgsql(statement.text)
        except (postgast.PgQueryError, json.JSONDecodeError, ValueError):
            return
        body = Body("", statement.line, None)
        collect(tree, body)
        yield from _parsed(body)


def _parsed(body: Body) -> Iterator[Any]:
    for text, mode in body.queries:
        read = parsed(text, mode)
        if read is not None:
            yield read


def _sql(node: Any) -> Iterator[Any]:
    given = {item.def_elem.defname: item.def_elem.arg for item in node.options}
    text = option_value(given["as"]) if "as" in given else None
    if not text:
        return
    try:
        yield from (item.stmt for item in postgast.parse(str(text[0])).stmts)
    except postgast.PgQueryError:
        return
