"""Risk: what the plan says, what the SQL suggests, and what a high risk has to prove first.

low: the stages as they are. medium: rows, locks and access are acknowledged before the checkpoint
(`acknowledging`). high: before apply, this exact SQL has gone through apply, test and roll back on
a twin whose catalog was identical afterwards, and no step of its scenario may be skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..applying.account import Account
from ..errors import OutOfOrder
from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..ledger import PASSED, Event, since_rollback
from ..plan import Migration
from ..scenario import CHECK as SCENARIO
from ..sql import Statement
from .tree import inner, option_value, strings, word

LEVELS = ("low", "medium", "high")
_CODE = {"do_stmt": "a DO block", "call_stmt": "a procedure"}
_ON_RELATION = {
    "create_trig_stmt": "adds a trigger to",
    "create_policy_stmt": "adds a policy to",
    "alter_policy_stmt": "alters a policy of",
    "rule_stmt": "adds a rule to",
    "index_stmt": "builds an index on",
}
_ROWS = {
    "update_stmt": ("medium", "changes rows of"),
    "delete_stmt": ("high", "deletes rows of"),
    "merge_stmt": ("medium", "changes rows of"),
    "insert_stmt": ("medium", "adds rows to"),
}
_ALTERED = {
    "DropColumn": "drops a column of",
    "DropConstraint": "drops a constraint of",
    "DisableRowSecurity": "disables row level security of",
    "NoForceRowSecurity": "loosens row level security of",
    "AlterColumnType": "changes a column's type of",
    "DisableTrig": "disables a trigger of",
    "DisableTrigAll": "disables the triggers of",
    "DisableTrigUser": "disables the triggers of",
    "DetachPartition": "detaches a partition of",
}
Suggestion = tuple[str, str]  # a level and why
Again = Callable[[str], bool]  # whether the file makes this object again, further down


def compared(migration: Migration, account: Account | None = None) -> Finding:
    """The plan's risk beside what the SQL, and the twin, suggest; lower than that is a WARN."""
    found = suggestions(migration, account)
    level = max((level for level, _ in found), key=LEVELS.index, default="low")
    expected = f"{migration.risk}, says the plan"
    if LEVELS.index(level) <= LEVELS.index(migration.risk):
        return Finding("Risk", migration.file, expected, "nothing suggests more", PASS)
    why = "; ".join(dict.fromkeys(why for each, why in found if each == level))
    return Finding("Risk", migration.file, expected, f"the SQL suggests {level}: {why}", WARN)


def suggestions(migration: Migration, account: Account | None = None) -> list[Suggestion]:
    """Every reason to be careful, with the level that it suggests."""
    statements = migration.script.statements
    made: set[str] = set()
    found: list[Suggestion] = []
    last = {name: at for at, each in enumerate(statements) for name in _replaceable(each)}
    for at, statement in enumerate(statements):

        def again(name: str, at: int = at) -> bool:
            return last.get(name, -1) > at

        for level, why in _of(statement, made, again):
            found.append((level, f"{why} (line {statement.line})"))
        made |= set(_made(statement))
    if account:
        found += [("high", f"rewrites {name} (seen on the twin)") for name in account.rewritten]
    return found


def proof(migration: Migration) -> str:
    """What a proof on the twin covers: the file, its rollback and its scenario, byte for byte."""
    digest = hashlib.sha256(migration.script.sha256.encode())
    for path in (migration.rollback, migration.scenario):
        digest.update(path.read_bytes() if path.exists() else b"\0")
    return digest.hexdigest()


def require_proof(migration: Migration, events: Sequence[Event]) -> None:
    """Before a high risk is applied: it went through everything on a twin.

    Raises:
        OutOfOrder: no precheck saw it, or a file was edited since.
    """
    if migration.risk != "high":
        return
    wanted = proof(migration)
    looked = [e for e in since_rollback(events) if e.stage == "precheck" and e.state == PASSED]
    if any(event.detail.get("proved") == wanted for event in looked):
        return
    raise OutOfOrder(
        f"{migration.name} is of high risk, and this SQL with its rollback and scenario has not"
        " gone through apply, test and roll back on a twin.",
        remedy=f"Run the cell {migration.variable}.precheck() again, where a twin can be made; its"
        " table says what was not tried.",
    )


def without_skips(migration: Migration, rows: list[Finding]) -> list[Finding]:
    """Of a high risk nothing may be left unplayed: a skipped step of its scenario is a FAIL."""
    if migration.risk != "high":
        return rows
    return [
        row._replace(verdict=FAIL, observed=f"{row.observed}; a high risk takes no SKIP")
        if row.verdict == SKIP and row.check in (SCENARIO, "Stage")
        else row
        for row in rows
    ]


def _of(statement: Statement, made: set[str], again: Again) -> Iterator[Suggestion]:
    kind, node = statement.kind, statement.node
    if kind in _CODE:
        yield "medium", f"runs {_CODE[kind]}, which may do anything"
    elif kind in _ON_RELATION:
        yield from _existing(made, getattr(node, "table", None), node, "medium", _ON_RELATION[kind])
    elif kind in _ROWS:
        level, does = _ROWS[kind]
        yield from _existing(made, None, node, level, does)
    elif kind == "truncate_stmt":
        for item in node.relations:
            yield from _named(made, _name(item.range_var), "high", "truncates")
    elif kind == "alter_table_stmt":
        yield from _altered(node, made)
    elif kind in ("drop_stmt", "rename_stmt"):
        yield from _dropped(kind, node, made, again)
    elif kind == "create_function_stmt":
        yield from _function(node)


def _existing(made: set[str], table: Any, node: Any, level: str, does: str) -> Iterator[Suggestion]:
    relation = table if table is not None and table.relname else node.relation
    yield from _named(made, _name(relation), level, does)


def _named(made: set[str], name: str, level: str, does: str) -> Iterator[Suggestion]:
    if name not in made:
        yield level, f"{does} {name}"


def _altered(node: Any, made: set[str]) -> Iterator[Suggestion]:
    name = _name(node.relation)
    if name in made:
        return
    for item in node.cmds:
        what = word(item.alter_table_cmd, "subtype", "AT_")
        if what in _ALTERED:
            yield "high", f"{_ALTERED[what]} {name}"
        else:
            yield "medium", f"alters {name}"


def _dropped(kind: str, node: Any, made: set[str], again: Again) -> Iterator[Suggestion]:
    if kind == "rename_stmt":
        if node.relation.relname and _name(node.relation) not in made:
            yield "high", f"renames {_name(node.relation)} or a part of it"
        return
    what = word(node, "remove_type", "OBJECT_").lower().replace("_", " ")
    for item in node.objects:
        shape, value = inner(item)
        parts = strings(value.items) if shape == "list" else ()
        if shape == "object_with_args":
            parts = strings(value.objname)
        bare = 2 if what in ("policy", "trigger", "rule") else 1
        names = [".".join(parts if len(parts) > bare else ("public", *parts))]
        names.append(".".join(names[0].split(".")[:-1]))  # the table of a policy or trigger
        if parts and again(names[0]):  # dropped, to be made again by the same file
            yield "medium", f"replaces the {what} {'.'.join(parts)}"
        elif parts and not made & set(names):
            yield "high", f"drops the {what} {'.'.join(parts)}"
        elif not parts:
            yield "high", f"drops a {what}"


def _replaceable(statement: Statement) -> Iterable[str]:
    """What a file that drops and makes it again only replaces: objects that hold no rows."""
    node = statement.node
    match statement.kind:
        case "create_policy_stmt":
            yield f"{_name(node.table)}.{node.policy_name}"
        case "create_trig_stmt":
            yield f"{_name(node.relation)}.{node.trigname}"
        case "view_stmt" | "create_function_stmt" | "index_stmt":
            yield from _made(statement)


def _function(node: Any) -> Iterator[Suggestion]:
    names = strings(node.funcname)
    given = {item.def_elem.defname: item.def_elem.arg for item in node.options}
    if "security" not in given or not option_value(given["security"]):
        return
    if len(names) == 1 or names[0] == "public":
        yield "medium", f"makes {'.'.join(names)} SECURITY DEFINER, within reach of the API"
    elif "set" not in given:
        yield "medium", f"makes {'.'.join(names)} SECURITY DEFINER, its search_path not pinned"


def _made(statement: Statement) -> Iterable[str]:
    node = statement.node
    match statement.kind:
        case "create_stmt":
            yield _name(node.relation)
        case "create_table_as_stmt":
            yield _name(node.into.rel)
        case "view_stmt":
            yield _name(node.view)
        case "create_seq_stmt":
            yield _name(node.sequence)
        case "index_stmt":
            yield f"{node.relation.schemaname or 'public'}.{node.idxname}"
        case "create_function_stmt":
            yield ".".join(
                names if len(names := strings(node.funcname)) > 1 else ("public", *names)
            )


def _name(relation: Any) -> str:
    return f"{relation.schemaname or 'public'}.{relation.relname}"
