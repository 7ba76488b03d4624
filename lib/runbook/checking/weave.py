"""Weave checks and the vocabulary into statements that the runner sends.

One round trip and one snapshot answer both "what is wrong" and "how much was looked at". It is
woven from parse trees, not from text, so that neither comments nor quotes can change its meaning;
the same trees show that a check is one SELECT and reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import resources
from ..errors import FileInvalid

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import ParseResult, SelectStmt

COLUMNS = {
    "once": ("object", "expected", "observed"),
    "generated": ("object", "expected", "scan", "trusted", "weight"),
}
WRITES = frozenset(
    ("insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "into_clause", "locking_clause")
)


class Woven(NamedTuple):
    words: frozenset[str]
    """The words of the vocabulary that the query uses, and those that they build on."""
    body: str
    """The query without them: how many were looked at, whether this row is a problem, COLUMNS."""


def weave(path: Path, text: str, runs: str) -> Woven:
    """The query of the check file `path`, counting what it looks at beside its problems.

    Raises:
        FileInvalid: not one SELECT, not read-only, no CTE `examined`, or other columns; with line.
    """
    import postgast

    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as error:
        line = text[: max(error.cursorpos - 1, 0)].count("\n") + 1
        raise invalid(path, line, error.message) from None
    query = _only_select(path, text, tree)
    own = {node.common_table_expr.ctename for node in query.with_clause.ctes}
    if "examined" not in own:
        raise invalid(path, _line(text, tree), "the query has no CTE named 'examined'")
    names = tuple(_columns(query))
    if names != COLUMNS[runs]:
        raise invalid(
            path,
            _line(text, tree),
            f"the columns must be {', '.join(COLUMNS[runs])};"
            f" they are {', '.join(names) or 'none'}",
        )
    words = _vocabulary()
    clash = own & words.keys()
    if clash:
        raise invalid(
            path, _line(text, tree), f"'{min(clash)}' is a word of the vocabulary already"
        )
    texts = ", ".join(f"problem.{column}::text" for column in names)
    frame = postgast.parse(
        f"select looked.n, problem.found, array[{texts}]"
        " from (select count(*) as n from examined) as looked"
        " left join (select true as found, body.* from (select) as body) as problem on true"
    )
    outer = frame.stmts[0].stmt.select_stmt
    outer.with_clause.recursive = True
    outer.with_clause.ctes.extend(query.with_clause.ctes)
    inner = outer.from_clause[0].join_expr.rarg.range_subselect.subquery.select_stmt
    place = inner.from_clause[0].range_subselect.subquery.select_stmt
    place.CopyFrom(query)
    place.ClearField("with_clause")
    used = _mentioned(query) & words.keys()
    return Woven(used.union(*(words[name].builds_on for name in used)), postgast.deparse(frame))


def statement(queries: Sequence[Woven]) -> str:
    """One statement for several checks, so that each word is worked out once for all of them.

    Its rows: the place of the check in `queries`, then what Woven.body says.
    """
    used = frozenset[str]().union(*(query.words for query in queries))
    words = ", ".join(word.text for name, word in _vocabulary().items() if name in used)
    rows = " union all ".join(
        f"select {place}, answer.* from ({query.body}) as answer"
        for place, query in enumerate(queries)
    )
    return f"with recursive {words} {rows}" if words else rows


def _only_select(path: Path, text: str, tree: ParseResult) -> SelectStmt:
    if len(tree.stmts) != 1:
        line = _line(text, tree, 1) if len(tree.stmts) > 1 else 1
        raise invalid(path, line, f"a check is one statement; here are {len(tree.stmts)}")
    if tree.stmts[0].stmt.WhichOneof("node") != "select_stmt":
        raise invalid(path, _line(text, tree), "a check is a SELECT; it changes nothing")
    body = tree.stmts[0].stmt.select_stmt
    written = WRITES.intersection(field for field, _ in _walk(body))
    if written:
        raise invalid(path, _line(text, tree), f"a check only reads; here is {min(written)}")
    return body


def _walk(message: Any) -> Iterator[tuple[str, Any]]:
    """Every field that is set, at any depth, with its message: (name, message)."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else (value,):
                yield field.name, child
                yield from _walk(child)


def _mentioned(tree: Any) -> set[str]:
    """The unqualified relation names in a tree."""
    return {
        node.relname for field, node in _walk(tree) if field == "range_var" and not node.schemaname
    }


def _columns(select: SelectStmt) -> Iterator[str]:
    """The output names, as PostgreSQL takes them: from the leftmost branch of a set operation."""
    while select.HasField("larg"):
        select = select.larg
    for node in select.target_list:
        target = node.res_target
        reference = target.val.column_ref.fields
        yield target.name or (reference[-1].string.sval if reference else "?column?")


class _Word(NamedTuple):
    text: str
    """Its definition, as it stands in a WITH."""
    builds_on: frozenset[str]
    """The words that it needs, and those that they need."""


@cache
def _vocabulary() -> dict[str, _Word]:
    """Word → its definition, in the order in which they build on each other."""
    import postgast
    from postgast.pg_query_pb2 import ParseResult, RawStmt

    text = resources.folder("checks").joinpath("vocabulary.sql").read_text("utf-8")
    with_clause = postgast.parse(text).stmts[0].stmt.select_stmt.with_clause
    words: dict[str, _Word] = {}
    for node in with_clause.ctes:
        cte = node.common_table_expr
        direct = _mentioned(node) & words.keys()
        below = direct.union(*(words[name].builds_on for name in direct))
        query = postgast.deparse(ParseResult(stmts=[RawStmt(stmt=cte.ctequery)]))
        # Worked out once, however many checks share it.
        words[cte.ctename] = _Word(
            f"{cte.ctename} as materialized ({query})", frozenset(below | {cte.ctename})
        )
    return words


def _line(text: str, tree: ParseResult, statement: int = 0) -> int:
    """The line where a statement starts; the parser counts in bytes."""
    start = tree.stmts[statement].stmt_location
    before = text.encode()[:start].decode()
    rest = text[len(before) :]
    for offset, line in enumerate(rest.split("\n")):
        if line.strip() and not line.lstrip().startswith("--") and line.strip() != ";":
            return before.count("\n") + offset + 1
    return before.count("\n") + 1


def invalid(path: Path, line: int, what: str) -> FileInvalid:
    """The error that names the file and the line."""
    return FileInvalid(
        f"{path}, line {line}: {what}.",
        remedy="Mend the check file; checks/vocabulary.sql and its neighbours show the form.",
    )
