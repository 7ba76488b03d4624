"""The leak that nobody reads in a policy: visitors may see every session that has an e-mail."""

from __future__ import annotations

from pathlib import Path

import psycopg
from runbook import verify
from runbook.findings import FAIL, failed
from runbook.plan_file import read_plan
from runbook.promises.promise import promises
from runbook.scenarios import directives, matrix
from runbook.sql import split

PROJECT = Path(__file__).parents[1]
LEAK = """
create policy "visitors find the session they began" on public.wizard_sessions
  for select to anon using (email is not null);
"""


def test_a_leak_to_anonymous_visitors_is_said_in_a_sentence(eventos: str):
    migration = read_plan(PROJECT).migration("wizard_sessions")
    text = migration.script.text + LEAK
    with psycopg.connect(eventos, autocommit=True) as conn:
        conn.execute(text)
        # The file does what it says: whoever only compares it with the catalog sees nothing.
        assert failed(verify.verify(conn, promises(split(text)))) == []
        steps = directives.read(migration.scenario)
        rows, _ = matrix.measure(conn, migration, steps)
    said = {row.observed for row in rows if row.check == "access" and row.verdict == FAIL}
    assert (
        "anonymous visitors can read 5 of 5 rows of public.wizard_sessions; declared: none" in said
    )
