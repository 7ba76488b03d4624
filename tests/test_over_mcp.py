"""Over MCP: the five stages where only Supabase's MCP server leads to the database.

With the real server (`npm install --prefix tests --no-save @supabase/mcp-server-supabase`, or one
on the PATH) before a local stand-in for the management API.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from management_api import REF, TOKEN, ManagementApi, serving
from runbook import catalog, embedded, history, ledger, over_mcp, production_state, verify
from runbook.desk import open_rollback
from runbook.errors import (
    CheckFailed,
    Held,
    LockTimeout,
    NotApplied,
    NotApproved,
    StatementFailed,
    TargetRefused,
)
from runbook.findings import FAIL, SKIP
from runbook.opened import OpenPhase, open_phase
from runbook.over_mcp import applying, strands, transport
from runbook.plan_file import read_plan
from runbook.promise import promises
from runbook.target import open_target
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

HERE = Path(__file__).parent
EVENTOS = HERE.parent
TARGET = f"mcp:{REF}"
KEPT = (
    "create table public.kept (id int primary key, said text);"
    "alter table public.kept enable row level security; insert into public.kept values (1)"
)


@pytest.fixture(scope="session")
def program() -> str:
    """The MCP server's own."""
    path = os.pathsep.join([str(HERE / "node_modules" / ".bin"), os.environ.get("PATH", "")])
    found = shutil.which("mcp-server-supabase", path=path)
    return found or pytest.skip("the Supabase MCP server is not installed (npm)")


@pytest.fixture
def reached(program: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment in which a target over MCP is reached; its server ends with the test."""
    monkeypatch.setenv(transport.SERVER, program)
    monkeypatch.setenv(transport.TOKEN, TOKEN)
    yield monkeypatch
    over_mcp.close()


@pytest.fixture
def api(project: Project, reached: pytest.MonkeyPatch) -> Iterator[ManagementApi]:
    """The management API of the test's own database."""
    project.connect().close()  # makes it
    with serving(project.server.conninfo(project.database)) as served:
        reached.setenv(transport.API, served.url)
        yield served


def _opened(phase: str, project: Path, **given: Any) -> OpenPhase:
    """A phase over MCP, in mode apply, under the token that a check gave."""
    about = {"target": TARGET, "operator": "ada", "project": project, **given}
    token = str(open_phase(phase, mode="check", **about).token())
    token = token.partition("(approve): ")[2].partition("\n")[0]
    return open_phase(phase, mode="apply", approve=token, **about)


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
            over = _through(_opened("event-wizard", EVENTOS))
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
        with pytest.raises(psycopg.errors.NotSupportedError), over.transaction():
            over.execute("insert into public.kept values (2)")
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


def test_a_failing_statement_leaves_nothing_and_says_where(project: Project, api: ManagementApi):
    text = "create table public.a (id int);\n\ninsert into public.kept values (1);\n"
    version = project.add("fails", text, tables=("public.a",))
    project.sql(KEPT)
    phase = _opened("one", project.root)
    step = phase[version]
    step.precheck()  # on the twin the table is missing; the file is what is tried here
    before = project.fingerprint()
    with pytest.raises(StatementFailed) as caught:
        step.apply()
    words = caught.value.what
    assert words.startswith(f"migrations/{version}_fails.sql, line 3: duplicate key value")
    assert "(SQLSTATE 23505)" in words and "Detail: Key (id)=(1) already exists." in words
    assert "inline_code_block" not in words
    assert (project.fingerprint(), project.history()) == (before, [])
    assert project.states(version)[-2:] == [("apply", "started"), ("apply", "failed")]


def test_what_the_twin_could_not_show_is_judged_before_it_is_committed(
    project: Project, api: ManagementApi
):
    change = "update public.kept set said = 'changed';"
    refused = project.add("loses", change)
    project.sql(KEPT)
    texts: list[str] = []
    api.before = lambda query: texts.append(query) if "tables_before" in query else None
    phase = _opened("one", project.root)
    with pytest.raises(NotApplied, match=r"public\.kept: 1 rows changed"):
        _applied(phase, refused)
    assert project.value("select said from public.kept") is None
    assert project.history() == []
    declared = project.plan_read().replace("may_lose = []", 'may_lose = ["public.kept"]')
    project.plan_text(declared)
    texts.clear()
    phase = _opened("one", project.root)
    shown = str(_applied(phase, refused))
    assert "1 updated" in shown and project.value("select said from public.kept") == "changed"
    assert len(texts) == 2  # the twin's account, which was not it; then the one that was judged


def _applied(phase: OpenPhase, version: str) -> object:
    step = phase[version]
    step.precheck()
    return step.apply()


def test_a_lock_that_somebody_holds_ends_in_the_same_error(project: Project, api: ManagementApi):
    version = project.add("waits", "alter table public.kept add column more int;")
    project.sql(KEPT)
    phase = _opened("one", project.root, lock_timeout_ms=100)
    phase.limits = type(phase.limits)(lock_timeout_ms=100, retries=1)
    step = phase[version]
    step.precheck()
    with project.connect() as other, other.transaction():
        other.execute("select from public.kept")
        with pytest.raises(LockTimeout, match="2 attempts"):
            step.apply()
    step.apply()
    assert project.history() == [version]


@pytest.mark.parametrize("ran", [True, False])
def test_a_lost_answer_is_settled_from_the_ledger(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch, ran: bool
):
    monkeypatch.setattr(applying, "VALID_S", 2)
    text = "create table public.a (id int); alter table public.a enable row level security;"
    version = project.add("lost", text, tables=("public.a",))
    step = _opened("one", project.root)[version]
    step.precheck()
    api.lose, api.runs_what_it_loses = "tables_before", ran
    if ran:
        assert "2 run" in str(step.apply())
    else:
        with pytest.raises(NotApplied, match="can no longer run"):
            step.apply()
        step.apply()
    assert project.history() == [version]
    assert project.states(version).count(("apply", "passed")) == 1
    step.verify()


def test_a_text_that_comes_too_late_does_not_run(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    version = project.add("late", "create table public.a (id int);", tables=("public.a",))
    step = _opened("one", project.root)[version]
    step.precheck()
    monkeypatch.setattr(applying, "VALID_S", -1)
    with pytest.raises(NotApplied, match="did not run"):
        step.apply()
    assert project.history() == []


def test_another_runner_and_a_changed_catalog_stop_the_text(project: Project, api: ManagementApi):
    version = project.add("one", "create table public.a (id int);", tables=("public.a",))
    step = _opened("one", project.root)[version]
    step.precheck()

    def meddle(query: str) -> None:
        if "tables_before" in query:
            api.before = lambda query: None
            project.sql("create table public.by_hand (id int)")

    api.before = meddle
    with pytest.raises(NotApplied, match="catalog changed while"):
        step.apply()
    assert project.history() == []
    project.sql("drop table public.by_hand")
    with project.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('runbook.apply', 0))")
        with pytest.raises(Held, match="held by another runner"):
            step.apply()
    step.apply()
    assert project.history() == [version]


def test_a_file_that_needs_a_session_is_refused_with_the_way_that_works(
    project: Project, api: ManagementApi
):
    version = project.add("alone", "create index concurrently kept_said on public.kept (said);")
    project.sql(KEPT)
    step = _opened("one", project.root)[version]
    with pytest.raises(CheckFailed, match="session pooler"):
        step.precheck()
    with pytest.raises(TargetRefused, match="Rolling back needs a session") as caught:
        open_rollback(target=TARGET, project=project.root, operator="ada")
    assert "session pooler" in caught.value.remedy
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
    phase = _opened("one", project.root)
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
    assert caught.value.exit_code == 2 and caught.value.remedy
    assert TOKEN not in str(caught.value) and "sbp_wrong" not in str(caught.value)


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
