"""Functions and triggers: were they called by the scenario, or is nothing known of them?

PostgreSQL counts calls per function inside a transaction (track_functions = 'all'). A trigger whose
function no other trigger shares has fired when its function was called; one that shares it is
fired once more under EXPLAIN (ANALYZE), which counts by trigger, in a savepoint.

Source: https://www.postgresql.org/docs/current/monitoring-stats.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from ..findings import PASS, SKIP, WARN, Finding
from ..promises.promise import Promise
from ..resources import query

FUNCTIONS, TRIGGERS = "function called", "trigger fired"
_EXPECTED = "by the scenario"
_UNCOUNTED = "not known: this server does not count calls (track_functions is {})"


def forget_calls(conn: psycopg.Connection) -> None:
    """Start counting from nothing: what earlier transactions called is reported and gone."""
    if conn.info.server_version >= 150_000:
        conn.execute("select pg_catalog.pg_stat_force_next_flush()")


def seen_calls(conn: psycopg.Connection, promised: Iterable[Promise], xid: str) -> list[Finding]:
    """One row for each function and each trigger that a file creates.

    Args:
        conn: inside the scenario's transaction, before anything else was tried in it.
        promised: of the file.
        xid: of that transaction; rows with this xmin or a later one are the scenario's.
    """
    promised = [each for each in promised if each.present and each.created]
    functions = [each for each in promised if each.kind == "function"]
    triggers = [each for each in promised if each.kind == "trigger"]
    if not functions and not triggers:
        return []
    (setting,) = conn.execute("select pg_catalog.current_setting('track_functions')").fetchone()
    if setting != "all":
        reason = _UNCOUNTED.format(setting)
        found = [(FUNCTIONS, each) for each in functions] + [(TRIGGERS, each) for each in triggers]
        return [Finding(check, each.object, _EXPECTED, reason, SKIP) for check, each in found]
    # Counted first: firing triggers calls functions.
    rows = list(_functions(conn, functions))
    return rows + list(_triggers(conn, triggers, xid))


def _functions(conn: psycopg.Connection, promised: Sequence[Promise]) -> Iterable[Finding]:
    parameters = {
        "schemas": [each.names[0] for each in promised],
        "names": [each.names[1] for each in promised],
    }
    there = conn.execute(query("routines_called"), parameters).fetchall()
    for promise in promised:
        named = [row for row in there if row[:2] == promise.names[:2]]
        # Overloaded: by the number of arguments, since the file may spell a type otherwise.
        count = len([part for part in promise.names[2].split(", ") if part])
        alike = [row for row in named if len([p for p in row[2].split(", ") if p]) == count]
        rows = named if len(named) == 1 else alike
        if not rows:
            continue  # one that is missing is verify's to say
        calls = sum(row[3] for row in rows)
        if calls:
            yield Finding(FUNCTIONS, promise.object, _EXPECTED, "called", PASS)
        elif rows[0][4]:
            reason = "not known: PostgreSQL puts a plain SQL function into its caller, uncounted"
            yield Finding(FUNCTIONS, promise.object, _EXPECTED, reason, SKIP)
        elif rows[0][5]:
            reason = "not known: calls of compiled functions are not counted"
            yield Finding(FUNCTIONS, promise.object, _EXPECTED, reason, SKIP)
        else:
            reason = "untested: the scenario never calls it"
            yield Finding(FUNCTIONS, promise.object, _EXPECTED, reason, WARN)


def _triggers(conn: psycopg.Connection, promised: Sequence[Promise], xid: str) -> Iterable[Finding]:
    columns = list(zip(*(each.names for each in promised), strict=True)) or [(), (), ()]
    names = dict(zip(("schemas", "tables", "names"), map(list, columns), strict=True))
    there = {row[:3]: row for row in conn.execute(query("triggers_found"), names).fetchall()}
    for promise in promised:
        row = there.get(promise.names)
        if row is None:
            continue
        _, _, name, table, function, calls, sharing, on_update, compiled, column = row
        alone = sharing == 1 and not compiled
        if not calls and not compiled:
            observed, verdict = "untested: the scenario never makes it fire", WARN
        elif alone or (on_update and column and _fires(conn, table, name, column, xid)):
            observed, verdict = "fired", PASS
        elif compiled:
            observed, verdict = "not known: calls of compiled functions are not counted", SKIP
        else:
            observed = f"not known: {function} was called, and {sharing} triggers share it"
            verdict = SKIP
        yield Finding(TRIGGERS, promise.object, _EXPECTED, observed, verdict)


def _fires(conn: psycopg.Connection, table: str, trigger: str, column: str, xid: str) -> bool:
    """Whether an UPDATE of one of the scenario's rows makes the trigger fire; taken back."""
    one = SQL(
        "select ctid from {} where pg_catalog.age(xmin) <= pg_catalog.age({}::xid) limit 1"
    ).format(SQL(table), Literal(xid))
    statement = SQL(
        "explain (analyze, format json) update {} set {} = {} where ctid = any(array({}))"
    ).format(SQL(table), Identifier(column), Identifier(column), one)
    try:
        with conn.transaction(force_rollback=True):
            plan = conn.execute(statement).fetchone()[0][0]
    except psycopg.Error:
        if conn.closed or conn.broken:
            raise
        return False
    return any(
        fired["Trigger Name"] == trigger and fired["Calls"] for fired in plan.get("Triggers", ())
    )
