"""Over MCP: the five stages where only Supabase's MCP server leads to the database.

With the real server (`npm install --prefix tests --no-save @supabase/mcp-server-supabase`, or one
on the PATH) before a local stand-in for the management API.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from management_api import REF, TOKEN, ManagementApi, serving
from mcp_fixtures import EVENTOS, KEPT, TARGET, opened
from runbook import catalog, embedded, history, ledger, over_mcp, verify
from runbook.errors import CheckFailed, NotApproved, TargetRefused
from runbook.findings import FAIL, SKIP
from runbook.in_hand.opened import OpenPhase, open_phase
from runbook.over_mcp import strands, transport
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.promises.promise import promises
from runbook.target import open_target
from sandbox import Project

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


def test_eventos_goes_through_the_five_stages_as_on_a_direct_connection(
    server: embedded.Server, production: str, reached: pytest.MonkeyPatch
):
    reached.setenv("RUNBOOK_HOME", str(server.home))
    names = [f"{way}_{uuid.uuid4().hex[:12]}" for way in ("mcp", "direct")]
    with psycopg.connect(server.conninfo("template1", "supabase_admin"), autocommit=True) as conn:
        for name in names:
            conn.execute(f"create database {name} template {production} owner postgres")
    try:
        with serving(server.conninfo(names[0])) as api:
            reached.setenv(transport.API, api.url)
            over = _through(opened("event-wizard", EVENTOS))
            direct = _through(
                open_phase("event-wizard", target=f"embedded:{names[1]}", project=EVENTOS)
            )
            _alike(over, direct)
            status = open_target(f"embedded:{names[0]}", EVENTOS)
            with status.connect() as one, open_target(TARGET, EVENTOS).connect() as other:
                assert history.read(one) == history.read(other)
                assert ledger.read(one) == ledger.read(other)
                assert ledger.broken_at(one) is None
                assert TOKEN not in str([event.detail for event in ledger.read(one)])
    finally:
        over_mcp.close()
        for name in names:
            embedded.drop(server, name)
        production_state.release(EVENTOS)


def _through(phase: OpenPhase) -> dict[str, Any]:
    """The first migration taken through all stages; what there is then."""
    migration = phase.definition.migrations[0]
    step = phase[migration.name]
    for stage in ("precheck", "apply", "verify", "test", "checkpoint"):
        getattr(step, stage)()
    events = {e.stage: e for e in ledger.read(phase.conn, migration.version) if e.state == "passed"}
    return {
        "history": history.read(phase.conn),
        "catalog": catalog.fingerprint(catalog.snapshot(phase.conn)),
        "event": events["apply"].detail["catalog"],
        "access": events["test"].detail["access"],
        **{f"{stage} rows": events[stage].findings for stage in ("apply", "verify", "test")},
    }


def _alike(over: dict[str, Any], direct: dict[str, Any]) -> None:
    rows = over.pop("apply rows")
    assert [row for row in rows if row.verdict != SKIP] == direct.pop("apply rows")
    skipped = [row.check for row in rows if row.verdict == SKIP]
    assert skipped == ["Notice", "Lock watch", "Progress"]
    for key in over:
        assert over[key] == direct[key], key
    assert over["event"] == over["catalog"]


def test_values_errors_and_the_catalog_come_as_on_a_direct_connection(
    project: Project, api: ManagementApi
):
    project.sql(KEPT)
    ask = (
        "select 9007199254740993::int8, true, null::text, array['a', 'b,\"c'], 1.50::numeric,"
        " '{\"a\": [1]}'::jsonb, '2026-01-02 03:04:05+00'::timestamptz, '\\x00ff'::bytea,"
        " E'two\\nlines </untrusted-data>', 5::oid, 'x'::\"char\", %s, '%%'"
    )
    with open_target(TARGET, project.root).connect() as over, project.connect() as direct:
        assert over.execute(ask, ["it's"]).fetchall() == direct.execute(ask, ["it's"]).fetchall()
        with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero"):
            over.execute("select 1 / 0")
        with over.transaction():
            over.execute("insert into public.kept values (2)")
            with pytest.raises(psycopg.errors.NotSupportedError):
                over.execute("insert into public.kept values (3)")
        there, here = catalog.snapshot(over), catalog.snapshot(direct)
        assert catalog.fingerprint(there) == catalog.fingerprint(here)
        assert dict(there.objects) == dict(here.objects)
        plan = read_plan(EVENTOS)
        promised = promises(plan.baseline[0].script.statements)[:40]
        assert verify.verify(over, promised) == verify.verify(direct, promised)


def test_a_reading_call_changes_nothing_and_mode_check_is_kept_by_the_server(
    project: Project, api: ManagementApi
):
    project.add("one", "create table public.a (id int);", tables=("public.a",))
    project.sql(KEPT)
    before = project.everything()
    phase = project.open(target=TARGET, mode="check")
    phase[phase.definition.migrations[0].name].precheck()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        phase.conn.execute("insert into public.kept values (2)")
    with pytest.raises(NotApproved):
        project.open(target=TARGET, mode="apply")
    assert project.everything() == before


def test_a_file_that_needs_a_session_is_refused_with_the_way_that_works(
    project: Project, api: ManagementApi
):
    version = project.add("alone", "create index concurrently kept_said on public.kept (said);")
    project.sql(KEPT)
    step = opened("one", project.root)[version]
    with pytest.raises(CheckFailed, match="session pooler"):
        step.precheck()
    assert project.history() == []


def test_a_scenario_that_does_not_hold_says_what_it_saw(project: Project, api: ManagementApi):
    scenario = (
        "-- name: a row\n-- as: owner\n-- expect: 1 affected\n"
        "insert into public.a values (1, 'x');\n\n"
        "-- name: nobody reads it\n-- as: anon\n-- expect: error 42501\nselect * from public.a;\n\n"
        "-- name: wrong\n-- as: owner\n-- expect: value 3\nselect count(*) from public.a;\n\n"
        "-- access: public.a\n--   role  select  insert  update  delete\n"
        "--   anon  none    none    none    none\n--   service_role  all  all  all  none\n"
    )
    text = (
        "create table public.a (id int primary key, said text);\n"
        "revoke all on public.a from anon, authenticated;\n"
        "grant select, insert, update, delete on public.a to service_role;\n"
        "alter table public.a enable row level security;\n"
    )
    version = project.add("played", text, tables=("public.a",), scenario=scenario)
    phase = opened("one", project.root)
    step = phase[version]
    for stage in ("precheck", "apply", "verify"):
        getattr(step, stage)()
    with pytest.raises(CheckFailed, match="2 of"):
        step.test()
    event = [e for e in project.events(version) if e.stage == "test"][-1]
    bad = {row.object: row.observed for row in event.findings if row.verdict == FAIL}
    assert bad["wrong"] == "value 1 (line 14, as owner)"
    assert "can delete 1 of 1 rows" in bad["public.a · service_role · delete"]
    assert project.value("select count(*) from public.a") == 0


@pytest.mark.parametrize(
    ("name", "variable", "value", "said"),
    [
        (TARGET, transport.TOKEN, "", "is not set"),
        (TARGET, transport.TOKEN, "sbp_wrong", "Unauthorized"),
        ("mcp:zyxwvutsrqponmlkjihg", None, "", "Project not found"),
        ("mcp:NO", None, "", "not the reference"),
        (TARGET, transport.SERVER, "/nowhere/server", "names no program"),
        (TARGET, transport.API, "http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_what_keeps_it_from_being_reached_is_said(
    project: Project, api: ManagementApi, reached, name: str, variable: str | None, value: str, said
):
    if variable:
        reached.setenv(variable, value)
    with pytest.raises(TargetRefused, match=said) as caught:
        open_target(name, project.root).connect()
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    assert TOKEN not in str(caught.value)
    assert "sbp_wrong" not in str(caught.value)


def test_without_node_the_way_that_needs_none_is_named(reached, tmp_path: Path):
    reached.delenv(transport.SERVER)
    reached.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetRefused, match="neither mcp-server-supabase nor npx") as caught:
        open_target(TARGET, tmp_path).connect()
    assert "session pooler" in caught.value.remedy


def test_the_token_is_in_no_argument_of_the_server(project: Project, api: ManagementApi):
    with open_target(TARGET, project.root).connect() as conn:
        assert TOKEN not in " ".join(conn.transport._command)
        assert REF in " ".join(conn.transport._command)


def test_a_token_stands_for_the_value_that_a_row_has_in_its_own_playing():
    sql = "select 'it''s' where id = '@runbook:2:0:3@' and xmin = '@runbook:xid:0:0@'"
    said = strands.expression(sql)
    assert "quote_nullable(looks #>> '{2,0,3}')" in said
    assert "quote_nullable(own_xid)" in said
    assert "@runbook" not in said
