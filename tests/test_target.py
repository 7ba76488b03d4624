"""A target is a name; what could hold a password is refused unread."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from runbook.catalog import snapshot
from runbook.errors import TargetRefused
from runbook.target import identify, open_target, require_fit, reset_session
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("name", "kind", "protected", "label"),
    [
        ("embedded", "embedded", False, "embedded"),
        ("embedded:rehearsal", "embedded", False, "embedded-rehearsal"),
        ("service=production", "service", True, "service-production"),
        ("env:DATABASE_URL", "env", True, "env-DATABASE-URL"),
    ],
)
def test_a_name_says_what_it_is_and_whether_it_needs_an_approval(
    tmp_path: Path, name: str, kind: str, protected: bool, label: str
):
    target = open_target(name, tmp_path)
    assert (target.kind, target.protected, target.label) == (kind, protected, label)


@pytest.mark.parametrize(
    "name",
    [
        f"postgresql://u:{SECRET}@h/db",
        f"host=h password={SECRET}",
        f"service=x password={SECRET}",
        f"env:postgres://u:{SECRET}@h/db",
        f"embedded:{SECRET} x",
        f"embedded{SECRET}:",
        f"{SECRET}",
        "",
        "embedded:",
        "env:",
        "service=",
        "EMBEDDED",
        "embedded:../etc",
    ],
)
def test_anything_else_is_refused_and_never_repeated(tmp_path: Path, name: str):
    with pytest.raises(TargetRefused) as caught:
        open_target(name, tmp_path)
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "value",
    [
        f"host=/nowhere/{SECRET} password={SECRET} dbname=x",
        f"postgresql://u:{SECRET}@[::1:5432/x",
        f"postgresql://u:{SECRET}@localhost:1/x",
        f"nonsense {SECRET}",
        f"host=localhost port={SECRET}",
    ],
)
def test_an_unreachable_target_says_so_without_its_conninfo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
):
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", value)
    with pytest.raises(TargetRefused) as caught:
        open_target("env:RUNBOOK_TEST_TARGET", tmp_path).connect()
    shown = f"{caught.value} {caught.value!r}"
    assert f"password={SECRET}" not in shown
    assert f":{SECRET}@" not in shown
    assert caught.value.remedy


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("RUNBOOK_TEST_TARGET", raising=False)
    with pytest.raises(TargetRefused, match="variable RUNBOOK_TEST_TARGET is not set"):
        open_target("env:RUNBOOK_TEST_TARGET", tmp_path).connect()


def test_a_service_is_found_where_libpq_looks(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    parts = psycopg.conninfo.conninfo_to_dict(project.connect().info.dsn)
    lines = "".join(f"{key}={value}\n" for key, value in parts.items())
    file = tmp_path / "pg_service.conf"
    file.write_text(f"[mine]\n{lines}")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    with open_target("service=mine", tmp_path).connect(purpose="ada") as conn:
        assert identify(conn).database == project.database
        name = conn.execute("select current_setting('application_name')").fetchone()
    assert name == ("runbook ada",)
    with pytest.raises(TargetRefused, match="service=other cannot be reached"):
        open_target("service=other", tmp_path).connect()


def test_a_session_is_on_the_leash_of_its_client(project: Project):
    with project.target.connect() as conn:
        assert conn.execute("show client_connection_check_interval").fetchone() == ("500ms",)
        conn.execute("set search_path = ''")
        conn.execute("create temporary table t (id int)")
        reset_session(conn)
        assert conn.execute("show client_connection_check_interval").fetchone() == ("500ms",)
        assert conn.execute("select to_regclass('pg_temp.t')").fetchone() == (None,)


def test_an_identity_tells_one_database_from_another(project: Project):
    with project.target.connect() as conn, project.connect(elsewhere="template1") as other:
        one, two = identify(conn), identify(other)
    assert one.key != two.key
    assert one.system_identifier == two.system_identifier != ""
    assert (one.role, one.standby, one.read_only) == ("postgres", False, False)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"standby": True}, "standby in recovery"),
        ({"read_only": True}, "default_transaction_read_only"),
        ({"major": 14, "version": "14.9"}, "runs PostgreSQL 14.9"),
    ],
)
def test_a_target_that_cannot_take_a_migration_is_refused(project: Project, changed, words):
    from dataclasses import replace

    with project.target.connect() as conn:
        identity = identify(conn)
        require_fit(project.target, conn, identity)
        with pytest.raises(TargetRefused, match=words):
            require_fit(project.target, conn, replace(identity, **changed))


def test_a_read_only_database_is_recognised(project: Project):
    project.sql(f"alter database {project.database} set default_transaction_read_only = on")
    try:
        project.add("x", "select 1;\n")
        with pytest.raises(TargetRefused, match="read_only"):
            project.open()
    finally:
        with project.connect("supabase_admin") as admin:
            admin.execute("set default_transaction_read_only = off")
            admin.execute(f"alter database {project.database} reset all")


def test_what_a_file_prepared_does_not_meet_the_next_and_our_own_plans_stay(project: Project):
    with project.target.connect() as conn:
        snapshot(conn)
        conn.execute("create table public.fresh (id int)")
        first = snapshot(conn)
        kept = conn.execute("select count(*) from pg_prepared_statements").fetchone()
        conn.execute('prepare "Mine" as select 1')
        conn.execute("select pg_advisory_lock(1); set role anon; listen mine")
        reset_session(conn)
        assert conn.execute("select count(*) from pg_prepared_statements").fetchone() == kept
        assert kept > (0,)
        assert conn.execute("select count(*) from pg_locks where locktype = 'advisory'"
                            " and pid = pg_backend_pid()").fetchone() == (0,)  # fmt: skip
        assert conn.execute("select current_user").fetchone() == ("postgres",)
        assert conn.execute("select pg_listening_channels()").fetchone() is None
        conn.execute("deallocate all")
        assert snapshot(conn).objects == first.objects
