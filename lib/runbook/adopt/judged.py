"""What is known of a migration before it ever ran: its tables, its risk and why, a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from ..plan import POSTGRESQL, SUPABASE, Migration
from ..precheck import created_tables
from ..promises.names import Names, dotted
from ..sql import Statement
from ..statements import risk
from ..statements.tree import inner, strings

_MOST = 3
_AS = {
    SUPABASE: "`as:` anon, authenticated <uuid>, service_role",
    POSTGRESQL: "`as:` role <its name>",
}


def tables(migration: Migration) -> tuple[str, ...]:
    """The permanent tables that it creates, each once, in order."""
    made = (name for s in migration.script.statements for name in created_tables(s))
    return tuple(dict.fromkeys(made))


def judged(migration: Migration, replaced: Sequence[str] = ()) -> tuple[str, str]:
    """(risk, why): the highest level that a statement suggests, with the statements that do.

    Args:
        replaced: what it replaces of earlier files' work, in words.
    """
    found = [*risk.suggestions(migration), *(("medium", why) for why in replaced)]
    level = max((level for level, _ in found), key=risk.LEVELS.index, default="low")
    if level == "low":
        return level, f"{_makes(migration)}; nothing that exists is altered."
    reasons = list(dict.fromkeys(why for each, why in found if each == level))
    more = f"; and {len(reasons) - _MOST} more" if len(reasons) > _MOST else ""
    said = "; ".join(reasons[:_MOST]) + more
    return level, said[0].upper() + said[1:] + "."


def _makes(migration: Migration) -> str:
    made = tables(migration)
    if not made:
        count = len(migration.script.statements)
        return f"{count} statement{'s' * (count != 1)}, no table"
    shown = ", ".join(made[:_MOST]) + (f" and {len(made) - _MOST} more" if made[_MOST:] else "")
    return f"New: {shown}"


def transaction(migration: Migration, own: bool) -> str:
    """Why it has to run as several transactions; "" where one will do."""
    if not own:
        return ""
    parts = len(migration.script.begins) + 1
    return f"holds its own BEGIN and COMMIT: {parts} transactions, each journalled and resumable"


def skeleton(migration: Migration, platform: str = SUPABASE) -> str:
    """The beginning of a scenario; "" where the file has no table that one could look at."""
    seen = tables(migration) or _touched(migration.script.statements)
    if not seen:
        return ""
    lines = [
        f"-- Scenario of {migration.name}: played after the migration, and rolled back.",
        "--",
        "-- A beginning, written from the SQL: it only asks whether the tables can be read. Add",
        f"-- rows as owner, then what each role may and may not do with them ({_AS[platform]}),",
        "-- and the access tables at the end.",
    ]
    for name in seen:
        table = dotted(tuple(name.split(".", 1)))
        lines += ["", f"-- name: {name} can be read", "-- as: owner", "-- expect: 0 rows"]
        lines.append(f"select from {table} limit 0;")
    return "\n".join(lines) + "\n"


def _touched(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Existing tables that it alters or changes rows of, and that are still there afterwards."""
    found: dict[Names, None] = {}
    gone: set[Names] = set()
    for statement in statements:
        node = statement.node
        if statement.kind in ("alter_table_stmt", "update_stmt", "delete_stmt", "insert_stmt"):
            found[(node.relation.schemaname or "public", node.relation.relname)] = None
        elif statement.kind == "create_policy_stmt":
            found[(node.table.schemaname or "public", node.table.relname)] = None
        elif statement.kind in ("drop_stmt", "rename_stmt"):
            gone |= _dropped(statement)
    return tuple(".".join(names) for names in found if names not in gone)


def _dropped(statement: Statement) -> set[Names]:
    node = statement.node
    if statement.kind == "rename_stmt":
        return {(node.relation.schemaname or "public", node.relation.relname)}
    parts = [inner(item) for item in node.objects]
    names = [strings(value.items) for kind, value in parts if kind == "list"]
    return {each if len(each) > 1 else ("public", *each) for each in names}
