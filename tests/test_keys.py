"""Foreign keys are tried, not only listed: orphans, and every ON DELETE."""

from pathlib import Path

import psycopg
import pytest
from runbook import scenario, sql
from runbook.findings import FAIL, PASS, SKIP, WARN, Finding
from runbook.promises.promise import promises
from runbook.verification.keys import tried_keys

PARENT = "create table public.p (id uuid primary key default gen_random_uuid(), n int unique);"
CHILD = "create table public.c (id int primary key, p uuid references public.p on delete {});"
ROWS = """
-- name: one of each
-- as: owner
-- expect: 1 affected
with p as (insert into public.p (n) values (1) returning id)
insert into public.c select 1, id from p;
"""


def _tried(conn: psycopg.Connection, text: str, rows: str = ROWS, made: str = "") -> list[Finding]:
    """What is found on a database that holds `made` (the text itself, where they agree)."""
    conn.execute(made or text)
    steps = scenario.parse(rows, file="tests/x.sql")
    with scenario.play(conn, steps) as played:
        return tried_keys(conn, promises(sql.split(text)), played.xid)


@pytest.mark.parametrize(
    ("action", "observed"),
    [
        ("cascade", "cascade: the row went along"),
        ("set null", "set null: the row stays"),
        ("restrict", "delete refused (23001)"),
        ("no action", "delete refused (23503)"),
    ],
)
def test_an_orphan_is_refused_and_on_delete_does_what_it_says(conn, action: str, observed: str):
    (row,) = _tried(conn, PARENT + CHILD.format(action))
    assert row == Finding(
        "foreign key",
        "c_p_fkey on public.c",
        f"refuses an orphan; on delete {action}",
        f"orphan refused (23503); {observed}",
        PASS,
    )
    assert conn.execute("select count(*) from public.c").fetchone() == (0,)


@pytest.mark.parametrize(("says", "does"), [("cascade", "set null"), ("restrict", "cascade")])
def test_an_action_that_differs_from_the_files_fails_or_proves_nothing(conn, says, does):
    (row,) = _tried(conn, PARENT + CHILD.format(says), made=PARENT + CHILD.format(does))
    assert row.verdict == (SKIP if does == "cascade" else FAIL)


def test_a_key_whose_triggers_are_off_fails(server, database, conn):
    text = PARENT + CHILD.format("cascade")
    conn.execute(text)
    with psycopg.connect(
        server.conninfo(conn.info.dbname, "supabase_admin"), autocommit=True
    ) as admin:
        admin.execute("alter table public.c disable trigger all")
        admin.execute("alter table public.p disable trigger all")
    (row,) = _tried(conn, text, made="select 1")
    assert (row.observed, row.verdict) == (
        "an orphan was let through; the row stays and refers to nothing",
        FAIL,
    )


def test_a_deferred_key_and_a_composite_one_are_tried_too(conn):
    text = """
    create table public.p (a uuid, b int, primary key (a, b));
    create table public.c (id int primary key, a uuid, b int,
      constraint c_both foreign key (a, b) references public.p on delete set null (b)
        deferrable initially deferred);
    """
    rows = """
-- name: one of each
-- as: owner
-- expect: 1 affected
with p as (insert into public.p values (gen_random_uuid(), 1) returning *)
insert into public.c select 1, a, b from p;
"""
    (row,) = _tried(conn, text, rows)
    assert (row.observed, row.verdict) == (
        "orphan refused (23503); set null in part: the row stays",
        PASS,
    )


def test_what_stands_in_the_way_is_named_and_proves_nothing(conn):
    text = (
        PARENT
        + CHILD.format("cascade")
        + "create table public.d (id int primary key references public.c);"
    )
    rows = (
        ROWS
        + """
-- name: and one that holds it
-- as: owner
-- expect: 1 affected
insert into public.d values (1);
"""
    )
    found = {row.object: row for row in _tried(conn, text, rows)}
    row = found["c_p_fkey on public.c"]
    assert row.observed == (
        "orphan refused (23503); on delete not tried: d_id_fkey stood in the way"
    )
    assert row.verdict == SKIP


def test_a_key_that_no_row_of_the_scenario_uses_is_untested(conn):
    rows = "-- name: nothing\n-- as: owner\n-- expect: 1 row\nselect 1;\n"
    (row,) = _tried(conn, PARENT + CHILD.format("cascade"), rows)
    assert row.verdict == WARN
    assert row.observed.startswith("untested: no row of the scenario")


def test_rows_that_were_there_before_are_never_deleted_to_try_something(conn):
    conn.execute(PARENT + "insert into public.p (n) values (7)")
    rows = """
-- name: a row that refers to an old one
-- as: owner
-- expect: 1 affected
insert into public.c select 1, id from public.p;
"""
    text = CHILD.format("cascade")
    (row,) = _tried(conn, text, rows)
    assert row.observed == (
        "orphan refused (23503); on delete not tried: what the row refers to was there before"
        " the scenario"
    )
    assert row.verdict == SKIP


def test_most_keys_of_eventos_are_proved(server):
    from mutation import Laboratory
    from runbook.scenarios import directives, matrix

    laboratory = Laboratory(server, Path(__file__).parents[1])
    migration = laboratory.plan.migration("ticket_tiers")
    try:
        with laboratory.applied(migration, [migration.script.text]) as conn:
            steps = directives.read(migration.scenario)
            rows, _ = matrix.measure(conn, migration, steps)
    finally:
        laboratory.close()
    keys = [row for row in rows if row.check == "foreign key"]
    assert keys
    assert {row.verdict for row in keys} == {PASS}
