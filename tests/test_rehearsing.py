"""A rehearsal goes on while earlier files are applied, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
from runbook.findings import PASS
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = (
    "create table public.{0} (id int primary key);alter table public.{0} enable row level security;"
)
# Waits on the twin for a word of the test; what is said of a database can be read in all of them.
WAITS = """
do $$ begin
    for n in 1..1200 loop
        exit when pg_catalog.shobj_description(
            (select oid from pg_catalog.pg_database where datname = '{0}'), 'pg_database') = 'go';
        perform pg_catalog.pg_sleep(0.05);
    end loop;
end $$;
"""

ENDS_EARLY = """
import os, sys
from runbook.in_hand.opened import open_phase
phase = open_phase("one", target=sys.argv[1], project=sys.argv[2], operator="tests")
phase["a"].precheck()
print("pid", os.getpid())
"""


def _verdicts(rows) -> list[str]:
    return [row.verdict for row in rows.itertuples() if row.check == "Runs on a twin"]


def _twins(project: Project, pid: int) -> list[str]:
    with psycopg.connect(project.server.conninfo("template1")) as conn:
        like = [f"twin_{pid}_%"]
        rows = conn.execute("select datname from pg_database where datname like %s", like)
        return [name for (name,) in rows]


def test_the_first_file_is_applied_while_the_next_is_tried(project: Project):
    project.add("a", TABLE.format("a"), tables=("public.a",))
    waits = WAITS.format(project.database)
    project.add("b", waits + TABLE.format("b"), tables=("public.b",))
    phase = project.open("one")
    assert _verdicts(phase["a"].precheck()) == [PASS]
    assert _twins(project, os.getpid()), "the rehearsal is over already"
    phase["a"].apply()
    phase["a"].verify()
    phase["a"].test()
    phase["a"].checkpoint()
    with project.connect() as conn:
        conn.execute(f"comment on database {project.database} is 'go'")
    assert _verdicts(phase["b"].precheck()) == [PASS]
    assert not _twins(project, os.getpid())


def test_a_process_that_ends_in_the_middle_takes_its_twin_along(project: Project):
    project.add("a", TABLE.format("a"), tables=("public.a",))
    project.add("b", "select pg_catalog.pg_sleep(2);" + TABLE.format("b"), tables=("public.b",))
    command = [sys.executable, "-c", ENDS_EARLY, project.name, str(project.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    pid = int(done.stdout.rsplit("pid ", 1)[1])
    assert not _twins(project, pid)
