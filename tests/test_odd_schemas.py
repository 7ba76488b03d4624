"""Nothing that reads a schema stumbles over anything that a schema can hold."""

from __future__ import annotations

from pathlib import Path

import psycopg
from runbook import embedded, system
from runbook.checking import checkfile
from runbook.findings import SKIP, WARN
from runbook.performance import measure
from runbook.plan import Plan
from runbook.populate import fill, shape
from runbook.populate.fit import Samples
from runbook.validation import again

PLAN = Plan(project="Odd", root=Path(), baseline=(), phases=())


def test_no_check_stumbles_over_anything_a_schema_can_hold(
    server: embedded.Server, conn: psycopg.Connection
) -> None:
    with (
        psycopg.connect(
            server.conninfo(conn.info.dbname, "supabase_admin"), autocommit=True
        ) as admin,
        admin.transaction(force_rollback=True),
    ):
        admin.execute((Path(__file__).parent / "odd_objects.sql").read_text(encoding="utf-8"))
        rows = system.examine(admin, checkfile.load())
        again = system.examine(admin, checkfile.load())
    assert not [row for row in rows if "could not" in row.observed]
    assert rows == again
    tables = {row.object for row in rows if row.check.startswith("108")}
    assert "public.of_type" in tables
    assert not [name for name in tables if "scratch" in name or "pg_temp" in name]
    assert {row.check[:3] for row in rows if "hstore" in row.object} == {"306"}
    assert not [row for row in rows if "gbt_" in row.object]
    assert 'public."far ""table"""' in {r.object for r in rows if r.check.startswith("309")}
    looked_at = {row.check[:3] for row in rows if row.verdict != SKIP}
    assert len(looked_at) > 35


def test_nothing_else_that_reads_a_schema_stumbles_over_it_either(
    server: embedded.Server, conn: psycopg.Connection
) -> None:
    admin = psycopg.connect(server.conninfo(conn.info.dbname, "supabase_admin"), autocommit=True)
    with admin:
        admin.execute((Path(__file__).parent / "odd_objects.sql").read_text(encoding="utf-8"))
        with admin.transaction():
            admin.execute("set local search_path = pg_catalog")
            tables = shape.read(admin)
        found = {each.table: each for each in fill.fill(admin, tables, 5, Samples())}
        assert found["public.much"].rows == 5
        assert all(each.rows == 5 or each.notes for each in found.values())
        timed = [*measure.policies(admin, PLAN), *measure.vectors(admin)]
        assert {item.group for item in timed} >= {"public.virtual", "public.widest"}
        assert "public.mother" in again.own_tables(admin)
        for role in ('"Role ""x"""', '"role,with {braces}"'):  # they belong to the whole server
            admin.execute(f"drop owned by {role}; drop role {role}")


def test_objects_of_extensions_are_not_the_projects(conn: psycopg.Connection) -> None:
    conn.execute("create extension pg_trgm with schema public")
    conn.execute("create extension citext with schema public")
    rows = system.validate(conn, only=["302", "306"])
    assert {(row.check[:3], row.verdict) for row in rows} == {("302", SKIP), ("306", WARN)}
