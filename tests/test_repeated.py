"""Scenarios that are played again and again, as every validation does, go on saying the same.

What a scenario inserts and takes back leaves dead rows and index entries until a vacuum: they
change the planner's estimates and stand in the way of a search for neighbours.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from runbook import scenario
from runbook.findings import PASS
from runbook.plan_file import read_plan

ROOT = Path(__file__).parent.parent
TIMES = 25  # dead entries of ten plays fill what an HNSW search looks at
TIDYING = ("analyze", "vacuum (truncate off)", "vacuum analyze", "vacuum full")  # and autovacuum's


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_scenario_of_eventos_says_after_many_plays_what_it_said_at_first(
    eventos: str,
) -> None:
    with psycopg.connect(eventos, autocommit=True) as conn:
        for migration in read_plan(ROOT).everything:
            if migration.phase:
                conn.execute(migration.script.text)
            for _ in range(TIMES):
                _play(conn, migration.scenario)
            for tidying in TIDYING:
                conn.execute(f"{tidying} {', '.join(migration.tables)}")
                _play(conn, migration.scenario)
                _play(conn, migration.scenario)


def _play(conn: psycopg.Connection, path: Path) -> None:
    assert [row for row in scenario.run(conn, path) if row.verdict != PASS] == []
