"""What a file promises: the state its statements lead to, read from the parse tree.

The statements are folded from top to bottom into one Promise per object: what a later statement
of the same file alters, renames or drops is promised in its final state only. What cannot be told
from the text (DO blocks, SELECT of functions, rows) is returned as "not read", with its line, so
that it is reported and never counted as kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ..sql import Statement
from ..statements.tree import constant, inner, strings
from . import (  # noqa: F401  each registers its readers
    change,
    constraint,
    granting,
    routine,
    table,
    types,
)
from .book import READERS, Book, Promise
from .names import dotted
from .routine import search_path

__all__ = ["Promise", "promises", "touched"]

CODE = {
    "do_stmt": "DO block",
    "call_stmt": "CALL",
    "execute_stmt": "EXECUTE",
    "select_stmt": "SELECT",
}
ROWS = {
    "insert_stmt": "INSERT",
    "update_stmt": "UPDATE",
    "delete_stmt": "DELETE",
    "merge_stmt": "MERGE",
    "copy_stmt": "COPY",
    "truncate_stmt": "TRUNCATE",
}
# These leave nothing in the catalog that could be promised.
SILENT = frozenset(
    {
        "transaction_stmt",
        "variable_show_stmt",
        "lock_stmt",
        "notify_stmt",
        "listen_stmt",
        "unlisten_stmt",
        "vacuum_stmt",
        "check_point_stmt",
        "explain_stmt",
        "discard_stmt",
        "constraints_set_stmt",
        "prepare_stmt",
        "deallocate_stmt",
        "reindex_stmt",
        "refresh_mat_view_stmt",
    }
)


def promises(statements: Iterable[Statement]) -> list[Promise]:
    """Everything a file promises to leave behind, one Promise per object, in the order of lines.

    Args:
        statements: of one file, in order, from sql.split or sql.read_script.

    Returns:
        list[Promise]: a dropped object as a promise of its absence; a statement whose effect
        cannot be derived as kind "not read" with the reason in its properties.
    """
    return list(_all(tuple(statements)))


@lru_cache(maxsize=64)
def _all(statements: tuple[Statement, ...]) -> tuple[Promise, ...]:
    book = Book()
    for statement in statements:
        book.line = statement.line
        _read(book, statement.kind, statement.node)
    return tuple(book.all())


def touched(promised: Iterable[Promise]) -> list[str]:
    """The relations that a file's promises speak of, for `snapshot(relations=…)`."""
    found: dict[str, None] = {}
    for each in promised:
        names = each.names
        if each.kind in {"table", "view", "materialized view", "sequence"}:
            found[dotted(names)] = None
        elif each.kind in {"column", "constraint", "policy", "trigger", "rule"}:
            found[dotted(names[:2])] = None
        elif each.kind in {"comment", "grant"} and len(names) > 2 and names[0] != "function":
            found[dotted(names[1:3])] = None
        elif each.kind == "published table":
            found[dotted(names[1:])] = None
        if "table" in each.properties:
            found[dotted(each.properties["table"])] = None
        if each.properties.get("references"):
            found[dotted(each.properties["references"])] = None
    return list(found)


def _read(book: Book, kind: str, node: Any) -> None:
    if kind == "variable_set_stmt":
        if node.name == "search_path":
            book.path = search_path(node)
    elif kind == "select_stmt" and node.HasField("into_clause"):
        names = book.relation(node.into_clause.rel, new=True)
        book.put("table", names, form="table", rls=False, rls_forced=False, complete=False)
    elif kind == "select_stmt" and (path := _configured_path(node)) is not None:
        book.path = path
    elif kind in READERS:
        READERS[kind](book, node)
    elif kind in CODE:
        book.not_read(CODE[kind], "the code it runs may do anything; judged by what changed")
    elif kind in ROWS:
        reason = "it writes rows; judged by the data account"
        book.not_read(ROWS[kind], reason, may_change=False)
    elif kind not in SILENT:
        book.not_read(kind.removesuffix("_stmt").replace("_", " "), "this statement is not read")


def _configured_path(node: Any) -> tuple[str, ...] | None:
    """The search_path that `select set_config('search_path', …)` sets, as pg_dump writes it."""
    if len(node.target_list) != 1 or node.from_clause:
        return None
    kind, call = inner(node.target_list[0].res_target.val)
    if kind != "func_call" or strings(call.funcname)[-1] != "set_config" or len(call.args) < 2:
        return None
    arguments = [inner(argument) for argument in call.args[:2]]
    if any(kind != "a_const" for kind, _ in arguments):
        return None
    name, value = (constant(argument) for _, argument in arguments)
    if name != "search_path":
        return None
    return tuple(part.strip().strip('"') for part in str(value).split(",") if part.strip())
