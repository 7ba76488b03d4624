"""What the text of a check gives away: constants that a column is compared with, and sums.

`status in ('draft', 'sent')` names all that fits; `total = quantity * price` says how to compute
one. Read from the parser's tree; what it does not show, trying has to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..checking.weave import _walk as walk


def constants(expression: str) -> dict[str, list[str]]:
    """Column → the constants that comparisons in the expression set beside it, as SQL."""
    found: dict[str, list[str]] = {}
    for node in _comparisons(expression):
        sides = (_columns(node.lexpr), _columns(node.rexpr))
        for names, other in zip(sides, (node.rexpr, node.lexpr), strict=True):
            if len(names) == 1:
                found.setdefault(names.copy().pop(), []).extend(_constants(other))
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def sums(expression: str) -> dict[str, str]:
    """Column → the expression over other columns that a check says it equals."""
    import postgast

    found: dict[str, str] = {}
    for node in _required(_parsed(expression)):
        if node.WhichOneof("node") != "a_expr" or node.a_expr.name[0].string.sval != "=":
            continue
        for side, other in ((node.a_expr.lexpr, node.a_expr.rexpr),
                            (node.a_expr.rexpr, node.a_expr.lexpr)):  # fmt: skip
            name = side.column_ref.fields[0].string.sval if _is_column(side) else ""
            if name and _columns(other) - {name} == _columns(other) != set():
                frame = postgast.parse("select 1")
                frame.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(other)
                found[name] = postgast.deparse(frame).removeprefix("SELECT ")
    return found


def _parsed(expression: str) -> Any:
    import postgast

    tree = postgast.parse(f"select {expression}")
    return tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val


def _required(node: Any) -> Iterator[Any]:
    """The parts that must all hold: the arguments of AND, at any depth."""
    if node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == 1:
        for part in node.bool_expr.args:
            yield from _required(part)
    else:
        yield node


def _comparisons(expression: str) -> Iterator[Any]:
    node = _parsed(expression)
    if node.WhichOneof("node") == "a_expr":
        yield node.a_expr
    yield from (found for name, found in walk(node) if name == "a_expr")


def _is_column(node: Any) -> bool:
    return node.WhichOneof("node") == "column_ref" and len(node.column_ref.fields) == 1


def _columns(node: Any) -> set[str]:
    found = {ref.fields[0].string.sval for name, ref in walk(node) if name == "column_ref"}
    return found | ({node.column_ref.fields[0].string.sval} if _is_column(node) else set())


def _constants(node: Any) -> list[str]:
    """As SQL literals: all of them quoted, so that they take any type."""
    found = [value for name, value in walk(node) if name == "a_const"]
    if node.WhichOneof("node") == "a_const":
        found.append(node.a_const)
    said = []
    for value in found:
        kind = value.WhichOneof("val")
        if kind == "sval":
            said.append("'" + value.sval.sval.replace("'", "''") + "'")
        elif kind == "ival":
            said.append(f"'{value.ival.ival}'")
        elif kind == "fval":
            said.append(f"'{value.fval.fval}'")
    return said
