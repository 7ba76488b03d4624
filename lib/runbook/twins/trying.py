"""What a trial on the twin means for a precheck, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..plan import Migration
from ..statements.bodies import Looked
from .twin import Tried

_MOST = 5
_DATA = ("insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")


def on_twin(migration: Migration, tried: Tried | str) -> Iterator[Finding]:
    """Rows about one migration; `tried` is the reason, as a word, where it was not tried."""
    expected = "runs on a copy of the schema"
    if isinstance(tried, str):
        yield Finding("Runs on a twin", migration.file, expected, tried, SKIP)
        return
    if tried.failure:
        yield Finding("Runs on a twin", migration.file, expected, tried.failure, FAIL)
        return
    yield Finding("Runs on a twin", migration.file, expected, "ran", PASS)
    if migration.risk == "high":
        shown = f"migrations/tests/{migration.path.name}"
        observed, verdict = (tried.test, FAIL) if tried.test else ("as declared", PASS)
        yield Finding("Scenario on the twin", shown, "as declared", observed, verdict)
    yield _rollback(migration, tried)
    yield from _bodies(migration, tried.bodies)
    if _needs_rows(migration):
        reason = "the twin holds no rows: what depends on them was not tried"
        yield Finding("Existing rows", migration.file, "tried", reason, SKIP)
    for lacking in tried.unlike[:_MOST]:
        observed = f"not on the twin, so not checked: {lacking}"
        yield Finding("Twin", migration.file, "like the target", observed, WARN)
    if len(tried.unlike) > _MOST:
        observed = f"and {len(tried.unlike) - _MOST} more"
        yield Finding("Twin", migration.file, "like the target", observed, WARN)


def _rollback(migration: Migration, tried: Tried) -> Finding:
    shown = f"migrations/rollback/{migration.path.name}"
    expected = "the catalog as before"
    if tried.rolled_back:
        return Finding("Rollback on the twin", shown, expected, "identical", PASS)
    # Without a proven way back a high-risk migration does not start.
    missing_ok = not migration.rollback.exists() and migration.risk != "high"
    verdict = WARN if missing_ok else FAIL
    return Finding("Rollback on the twin", shown, expected, tried.rollback, verdict)


def _bodies(migration: Migration, looked: Looked) -> Iterator[Finding]:
    """What calls would stumble over; CREATE FUNCTION itself looks at a body's syntax only."""
    expected = "all that they mention is there"
    for function, words, may_come in looked.missing:
        # A table may be made by a later migration, as long as nobody calls the function before.
        yield Finding("Function bodies", function, expected, words, WARN if may_come else FAIL)
    if looked.looked_into and not looked.missing:
        observed = f"{looked.looked_into} of {looked.functions} PL/pgSQL bodies looked into"
        yield Finding("Function bodies", migration.file, expected, observed, PASS)
    if looked.looked_into < looked.functions:
        left = looked.functions - looked.looked_into
        observed = f"not checked: {left} bodies that the parser cannot take apart"
        yield Finding("Function bodies", migration.file, expected, observed, SKIP)


def _needs_rows(migration: Migration) -> bool:
    """Whether the file changes rows or columns of tables that it did not create itself."""
    statements = migration.script.statements
    created = {s.node.relation.relname for s in statements if s.kind == "create_stmt"}
    return any(
        s.node.relation.relname not in created
        for s in statements
        if s.kind in _DATA
        or (s.kind == "alter_table_stmt" and any(_rewrites(item) for item in s.node.cmds))
    )


def _rewrites(item: object) -> bool:
    """Whether an ALTER TABLE command looks at rows: constraints, types, NOT NULL."""
    command = item.alter_table_cmd  # type: ignore[attr-defined]
    kinds = command.DESCRIPTOR.fields_by_name["subtype"].enum_type.values_by_number
    return kinds[command.subtype].name in {
        "AT_AddConstraint",
        "AT_AlterColumnType",
        "AT_SetNotNull",
        "AT_ValidateConstraint",
    }
