"""What takes how long: sample queries, policies, vector searches; nothing of it remains.

A sample query is a SELECT of a scenario: it is explained where it stands, as its actor, on the rows
of the database and those of the scenario, and rolled back with it. A policy is measured by counting
all that a role may read of its table, in a READ ONLY transaction, beside the same count by the
owner, who is not under the policies: the difference is what row-level security costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import psycopg

from .. import history, scenario
from ..findings import PASS, Finding
from ..plan import Plan
from ..resources import query
from ..scenarios import actor as actors
from ..scenarios.actor import Actor
from ..scenarios.directives import Scenario, ScenarioStep
from ..servers.sessions import keeps_session
from ..target import leave_session
from .explain import Seen, explain, read

QUERY, POLICY, VECTOR = "Sample query", "Policies", "Vector search"
NEIGHBOURS, SEARCHES = 10, 10
TIMES = 3  # what took too long is asked again: the fastest of so many counts
_ASKED = ("ok", "rows", "value", "index")


class Measured(NamedTuple):
    """One thing that was timed.

    Fields:
        kind: QUERY, POLICY or VECTOR.
        group: the migration, table or index it belongs to.
        what, actor: the query's name, and who asked.
        seen: None where it could not be measured; then `reason` says why.
        without: the same without row-level security; None where there is nothing to compare.
        recall: of a vector index, the share of the nearest neighbours that it found.
    """

    kind: str
    group: str
    what: str
    actor: str
    seen: Seen | None
    reason: str = ""
    without: Seen | None = None
    recall: float | None = None


def measure(
    conn: psycopg.Connection, plan: Plan, asked: list[Measured] | None = None
) -> list[Measured]:
    """Time all there is to time on the database behind an idle connection; over MCP nothing.

    Args:
        asked: the sample queries, where a play of the scenarios has just timed them.
    """
    if not keeps_session(conn):
        return [
            Measured(kind, "the target", "times", "", None, "not measured: over MCP no session")
            for kind in (QUERY, POLICY, VECTOR)
        ]
    asked = queries(conn, plan) if asked is None else asked
    return [*asked, *policies(conn, plan), *vectors(conn)]


def queries(conn: psycopg.Connection, plan: Plan) -> list[Measured]:
    """The SELECTs of the scenarios of the applied migrations, in the order of the plan."""
    found: list[Measured] = []
    there = history.classify(plan, history.read(conn))
    for migration in plan.everything:
        if not there.holds(migration.version) or not migration.scenario.exists():
            continue
        watch = watching(found, migration.name, plan)
        try:
            with scenario.play(conn, migration.scenario, watch=watch) as played:
                found.extend(unanswered(played.scenario, played.findings, migration.name))
        finally:
            leave_session(conn)
    return found


def watching(found: list[Measured], group: str, plan: Plan) -> scenario.Watch:
    """What a play calls after each statement: times the SELECTs, into `found`."""

    def watch(conn: psycopg.Connection, step: ScenarioStep) -> None:
        if _asks(step):
            seen, reason = _fastest(conn, step.statement.text, plan.performance.query_ms)
            found.append(Measured(QUERY, group, step.name, step.actor.label, seen, reason))

    return watch


def unanswered(played: Scenario, rows: list[Finding], group: str) -> list[Measured]:
    """The SELECTs that did not do as expected: how long they took would say nothing."""
    return [
        Measured(QUERY, group, step.name, step.actor.label, None, f"not as expected: {said}")
        for step, (*_, said, verdict) in zip(played.steps, rows, strict=False)
        if _asks(step) and verdict != PASS
    ]


def _asks(step: ScenarioStep) -> bool:
    return step.statement.kind == "select_stmt" and step.expect.kind in _ASKED


def policies(conn: psycopg.Connection, plan: Plan) -> list[Measured]:
    """Each table under policies, counted by each role that may read it, and by its owner."""
    found: list[Measured] = []
    with conn.transaction(force_rollback=True):
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute("select set_config('statement_timeout', '60000', true)")
        user = _somebody(conn)
        without: dict[str, Seen | None] = {}
        for table, role in conn.execute(query("performance_tables")).fetchall():
            text = f"select count(*) from {table}"
            if table not in without:
                without[table], _ = _as(conn, actors.parse("owner"), text, plan)
            if role != "anon" and not user:
                seen, reason = None, "there is no user in auth.users to ask as"
            else:
                asking = actors.parse(role if role == "anon" else f"authenticated {user}")
                seen, reason = _as(conn, asking, text, plan)
            found.append(
                Measured(POLICY, table, "count of what it may read", role, seen, reason,
                         without[table])
            )  # fmt: skip
    return found


def vectors(conn: psycopg.Connection) -> list[Measured]:
    """Each vector index: the ten nearest neighbours of some of its rows, beside an exact search."""
    found = []
    for row in conn.execute(query("performance_vectors")).fetchall():
        with conn.transaction(force_rollback=True):
            conn.execute("set transaction isolation level repeatable read, read only")
            found.append(_search(conn, *row))
    return found


def _search(
    conn: psycopg.Connection, table: str, column: str, nearer: str, kind: str, index: str,
    method: str,
) -> Measured:  # fmt: skip
    what = f"{NEIGHBOURS} nearest neighbours through {method}"
    rows = conn.execute(
        f"select {column}::text from {table} where {column} is not null order by 1 limit {SEARCHES}"
    ).fetchall()
    if len(rows) < SEARCHES:
        reason = f"{len(rows)} rows have an embedding; {SEARCHES} are needed to say anything"
        return Measured(VECTOR, table, what, "owner", None, reason)
    hits, worst = 0, None
    for (near,) in rows:
        order = f"order by {column} {nearer} '{near}'::{kind} limit {NEIGHBOURS}"
        text = f"select {column} {nearer} '{near}'::{kind} as far from {table} {order}"
        with conn.transaction(force_rollback=True):
            conn.execute("set local enable_indexscan = off")
            exact = [far for (far,) in conn.execute(text, prepare=False).fetchall()]
        with conn.transaction(force_rollback=True):
            conn.execute("set local enable_seqscan = off; set local enable_sort = off")
            through = [far for (far,) in conn.execute(text, prepare=False).fetchall()]
            [(plans,)] = conn.execute(
                f"explain (analyze, buffers, format json) {text}", prepare=False
            ).fetchall()
        seen = read(plans[0])
        if index not in seen.indexes:
            return Measured(VECTOR, table, what, "owner", None, f"{index} cannot answer it")
        # By distance, not by row: equally near neighbours are equally right.
        hits += sum(far <= exact[-1] + 1e-6 for far in through)
        worst = seen if worst is None or seen.ms > worst.ms else worst
    return Measured(VECTOR, table, what, "owner", worst, recall=hits / (SEARCHES * NEIGHBOURS))


def _somebody(conn: psycopg.Connection) -> str:
    """The user whom most rows belong to cannot be known; the first by id is always the same."""
    try:
        with conn.transaction():
            rows = conn.execute("select id::text from auth.users order by id limit 1").fetchall()
    except psycopg.Error:
        return ""
    return rows[0][0] if rows else ""


def _as(conn: psycopg.Connection, who: Actor, text: str, plan: Plan) -> tuple[Seen | None, str]:
    try:
        with conn.transaction(force_rollback=True):
            actors.become(conn, who, settings=(("row_security", "on"),))
            return _fastest(conn, text, plan.performance.policy_ms)
    except (psycopg.Error, actors.UnknownUser) as error:
        if conn.closed:
            raise
        return None, f"{str(error).strip().partition(chr(10))[0]}"


def _fastest(conn: psycopg.Connection, text: str, limit_ms: float) -> tuple[Seen | None, str]:
    """One look; when it took too long, the fastest of some: another program may have been busy."""
    try:
        looks: Iterator[Seen] = (explain(conn, text) for _ in range(TIMES))
        best = next(looks)
        for seen in looks:
            if best.ms <= limit_ms:
                break
            best = min(best, seen)
        return best, ""
    except psycopg.Error as error:
        if conn.closed:
            raise
        said = error.diag.message_primary or str(error)
        return None, f"{said.strip().partition(chr(10))[0]} ({error.sqlstate})"
