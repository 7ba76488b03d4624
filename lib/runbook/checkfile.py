"""Check files: one question about a whole database, as a header of comments and one SELECT.

    -- title: Every table has a primary key
    -- group: Performance acceptable
    -- level: WARN
    -- needs: nothing
    -- examines: tables
    -- why: Without one, a row cannot be addressed, replicated or de-duplicated.
    -- mend: alter table … add primary key (…);

    with examined as (select … from tables)
    select name as object, 'a primary key' as expected, 'none' as observed from examined where …

The query may use the words of checks/vocabulary.sql (`tables`, `policies`, …) as if they were
tables. It names what it looks at `examined`, so that the runner can tell a clean answer from an
answer about nothing; its rows are the problems, and no row means that there is none.

A check whose question needs one scan for each object says `runs: generated` and returns
`object, expected, scan, trusted, weight`: `scan` is a query that returns one row with one text, or
null when all is well; `trusted` objects are scanned last, cheapest (`weight`) first, as far as the
budget goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import findings, resources
from .errors import FileInvalid

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import ParseResult, SelectStmt

GROUPS = (
    "No orphaned records",
    "All foreign keys valid",
    "RLS policies not conflicting",
    "Performance acceptable",
    "No security gaps",
)
LEVELS = (findings.FAIL, findings.WARN)
NEEDS = ("role", "schema", "relation", "extension")
REQUIRED = ("title", "group", "level", "needs", "examines", "why", "mend")
OPTIONAL = ("runs", "note")
RUNS = ("once", "generated")
COLUMNS = {
    "once": ("object", "expected", "observed"),
    "generated": ("object", "expected", "scan", "trusted", "weight"),
}
VOCABULARY = "vocabulary.sql"
WRITES = frozenset(
    ("insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "into_clause", "locking_clause")
)


@dataclass(frozen=True)
class Check:
    """One check file.

    Fields:
        id, title: the stable number and the promise; together they name the check in Findings.
        group: the row of the plan's checklist that it belongs to.
        level: the verdict of a problem, FAIL or WARN.
        needs: what must exist for the question to make sense, as (kind, name).
        examines: what it looks at, in the plural.
        why, mend, note: why it matters, how to mend it, how far it can be trusted.
        generated: whether its rows are scans to run rather than problems.
        path, sql: the file, and its query with the vocabulary woven in.
    """

    id: str
    title: str
    group: str
    level: str
    needs: tuple[tuple[str, str], ...]
    examines: str
    why: str
    mend: str
    note: str
    generated: bool
    path: Path
    sql: str

    @property
    def name(self) -> str:
        return f"{self.id} {self.title}"


def default_folder() -> Path:
    """The checks that ship with the runbook."""
    return resources.folder("checks")


def load(folders: Iterable[Path] | None = None) -> list[Check]:
    """Every check of `folders` (default: those that ship here), by id.

    Raises:
        FileInvalid: a name, a header or a query is not as agreed, or two files share an id;
            with file and line.
    """
    found: dict[str, Check] = {}
    for folder in folders if folders is not None else (default_folder(),):
        if not Path(folder).is_dir():
            raise FileInvalid(
                f"{folder}: there is no such folder of checks.",
                remedy="Create it, or take it out of the list of folders.",
            )
        for path in sorted(Path(folder).glob("*.sql")):
            if path.name == VOCABULARY:
                continue
            check = read(path)
            if check.id in found:
                raise FileInvalid(
                    f"{path}: the id {check.id} belongs to {found[check.id].path} already.",
                    remedy="Give one of them a free number.",
                )
            found[check.id] = check
    return [found[key] for key in sorted(found)]


def read(path: Path) -> Check:
    """One check file, its header and its query checked.

    Raises:
        FileInvalid: with file and line.
    """
    number = re.fullmatch(r"(\d{3})_[a-z0-9_]+\.sql", path.name)
    if not number:
        raise _invalid(
            path, 1, "the name must be three digits, an underscore, a name in lower case"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _invalid(path, line, "this is not UTF-8") from None
    header = _header(path, text)
    runs = header.get("runs", "once")
    return Check(
        id=number[1],
        title=header["title"],
        group=header["group"],
        level=header["level"],
        needs=_needs(header["needs"]),
        examines=header["examines"],
        why=header["why"],
        mend=header["mend"],
        note=header.get("note", ""),
        generated=runs == "generated",
        path=path,
        sql=_compose(path, text, runs),
    )


def _header(path: Path, text: str) -> dict[str, str]:
    """The keys of the leading comment, each checked as soon as it is complete."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    key = ""
    for line, raw in enumerate(text.splitlines(), 1):
        if not raw.startswith("--"):
            break
        comment = raw[2:]
        if comment.startswith("   ") and key:
            values[key] += " " + comment.strip()
            continue
        key, colon, value = (part.strip() for part in comment.partition(":"))
        if not colon:
            raise _invalid(
                path, line, "a header line reads `-- key: value`; go on with three spaces"
            )
        if key not in REQUIRED + OPTIONAL:
            raise _invalid(
                path, line, f"unknown key '{key}'; known: {', '.join(REQUIRED + OPTIONAL)}"
            )
        if key in values:
            raise _invalid(path, line, f"the key '{key}' appears twice")
        values[key], lines[key] = value, line
    for key in REQUIRED:
        if not values.get(key):
            raise _invalid(path, lines.get(key, 1), f"the header lacks '{key}'")
    for key, allowed in (("group", GROUPS), ("level", LEVELS), ("runs", RUNS)):
        if values.get(key, allowed[0]) not in allowed:
            raise _invalid(path, lines[key], f"'{key}' must be one of: {', '.join(allowed)}")
    for kind, _ in _needs(values["needs"]):
        if kind not in NEEDS:
            raise _invalid(
                path,
                lines["needs"],
                f"'needs' lists {', '.join(NEEDS)} with a name each, or says nothing",
            )
    return values


def _needs(value: str) -> tuple[tuple[str, str], ...]:
    if value == "nothing":
        return ()
    pairs = (item.strip().partition(" ") for item in value.split(","))
    return tuple((kind if name else "", name.strip()) for kind, _, name in pairs)


def _compose(path: Path, text: str, runs: str) -> str:
    """The query that the runner sends: vocabulary, the check's own CTEs, count and problems.

    One round trip and one snapshot answer both "what is wrong" and "how much was looked at". Woven
    from parse trees, not from text, so that neither comments nor quotes can change its meaning.
    """
    import postgast

    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as error:
        line = text[: max(error.cursorpos - 1, 0)].count("\n") + 1
        raise _invalid(path, line, error.message) from None
    body = _only_select(path, text, tree)
    own = {node.common_table_expr.ctename: node for node in body.with_clause.ctes}
    if "examined" not in own:
        raise _invalid(path, _line(text, tree), "the query has no CTE named 'examined'")
    names = tuple(_columns(body))
    if names != COLUMNS[runs]:
        raise _invalid(
            path,
            _line(text, tree),
            f"the columns must be {', '.join(COLUMNS[runs])}; they are {', '.join(names) or 'none'}",
        )
    words = _vocabulary()
    for name in own:
        if name in words:
            raise _invalid(path, _line(text, tree), f"'{name}' is a word of the vocabulary already")
    problems = ", ".join(f"problem.{column}" for column in names)
    frame = postgast.parse(
        f"select looked.n, problem.found, {problems} from (select count(*) as n from examined)"
        " as looked left join (select true as found, body.* from (select) as body) as problem on true"
    )
    outer = frame.stmts[0].stmt.select_stmt
    outer.with_clause.recursive = True
    used = _mentioned(body)
    used.update(*(words[name].builds_on for name in used & words.keys()))
    outer.with_clause.ctes.extend(word.node for name, word in words.items() if name in used)
    outer.with_clause.ctes.extend(body.with_clause.ctes)
    inner = outer.from_clause[0].join_expr.rarg.range_subselect.subquery.select_stmt
    place = inner.from_clause[0].range_subselect.subquery.select_stmt
    place.CopyFrom(body)
    place.ClearField("with_clause")
    return postgast.deparse(frame)


def _only_select(path: Path, text: str, tree: ParseResult) -> SelectStmt:
    if len(tree.stmts) != 1:
        line = _line(text, tree, 1) if len(tree.stmts) > 1 else 1
        raise _invalid(path, line, f"a check is one statement; here are {len(tree.stmts)}")
    if tree.stmts[0].stmt.WhichOneof("node") != "select_stmt":
        raise _invalid(path, _line(text, tree), "a check is a SELECT; it changes nothing")
    body = tree.stmts[0].stmt.select_stmt
    written = WRITES.intersection(field for field, _ in _walk(body))
    if written:
        raise _invalid(path, _line(text, tree), f"a check only reads; here is {min(written)}")
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
    node: Any
    """Its CTE."""
    builds_on: frozenset[str]
    """The words that it needs, and those that they need."""


@cache
def _vocabulary() -> dict[str, _Word]:
    """Word → its CTE, in the order in which they build on each other."""
    import postgast

    text = (default_folder() / VOCABULARY).read_text(encoding="utf-8")
    with_clause = postgast.parse(text).stmts[0].stmt.select_stmt.with_clause
    words: dict[str, _Word] = {}
    for node in with_clause.ctes:
        direct = _mentioned(node) & words.keys()
        below = (words[name].builds_on for name in direct)
        words[node.common_table_expr.ctename] = _Word(node, frozenset(direct.union(*below)))
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


def _invalid(path: Path, line: int, what: str) -> FileInvalid:
    return FileInvalid(
        f"{path}, line {line}: {what}.",
        remedy="Mend the check file; checks/vocabulary.sql and its neighbours show the form.",
    )
