"""What a token covers is named when it changed; and two people are two only where that shows."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from runbook import embedded
from runbook.approvals import second
from runbook.approvals.person import Person, told_apart
from runbook.errors import NotApproved
from runbook.postgres import production_state
from runbook.servers.bridge import bridge
from runbook.target import reset_session
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TARGET, OTHER = "env:RUNBOOK_TEST_TARGET", "env:RUNBOOK_TEST_OTHER"
TABLE = "create table public.{0} (id int);\nalter table public.{0} enable row level security;\n"


@pytest.fixture
def protected(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One migration, on a target that only a variable names."""
    project.add("a", TABLE.format("a"), tables=("public.a",))
    conninfo = production_state.conninfo(project.root, project.database)
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", conninfo)
    monkeypatch.delenv(second.REQUIRED, raising=False)
    return project


@pytest.fixture
def bob(protected: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database role of another person's, who may do what postgres may."""
    name = f"bob_{uuid.uuid4().hex[:8]}"
    with protected.connect("supabase_admin") as admin:
        admin.execute(f"create role {name} login in role postgres")
        conninfo = production_state.conninfo(protected.root, protected.database)
        monkeypatch.setenv("RUNBOOK_TEST_OTHER", make_conninfo(conninfo, user=name))
        yield name
        admin.execute(f"drop role {name}")


def _check(project: Project, operator: str = "ada") -> str:
    text = str(project.open(target=TARGET, operator=operator).token())
    return text.split(": ")[1].split()[0]


def _apply(project: Project, token: str, operator: str = "ada") -> None:
    version = project.plan.migrations[0].version
    given = {"target": TARGET, "mode": "apply", "approve": token, "operator": operator}
    project.close(version, **given)


def _approve(project: Project, token: str, operator: str, target: str = TARGET) -> int:
    return project.run("approve", token, "--target", target, "--operator", operator, target=False)


def test_in_mode_check_the_server_itself_refuses_every_change(protected: Project):
    phase = protected.open(target=TARGET)
    for _ in range(2):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            phase.conn.execute("create table public.x (id int)")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), phase.conn.transaction():
            phase.conn.execute("create table public.x (id int)")
        reset_session(phase.conn)
    phase[protected.plan.migrations[0].version].precheck()
    psql = shutil.which("psql", path=str(protected.server.bin_dir))
    assert psql
    with bridge(phase.target, purpose="test") as environment:
        command = [psql, "-X", "-c", "create table public.x (id int)"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    assert "cannot execute CREATE TABLE in a read-only transaction" in done.stderr
    assert protected.open(target=TARGET, mode="check").identity.read_only is False


def test_a_token_of_another_database_is_refused_by_its_name(
    protected: Project, monkeypatch: pytest.MonkeyPatch
):
    token = _check(protected)
    other = f"{protected.database}_2"
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", production_state.conninfo(protected.root, other))
    try:
        with pytest.raises(NotApproved, match=rf"for database {protected.database} of system \d+,"):
            protected.open(target=TARGET, mode="apply", approve=token)
    finally:
        embedded.drop(protected.server, other)


def test_where_the_check_is_not_known_the_refusal_says_that_it_cannot_name_the_change(
    protected: Project,
):
    token = _check(protected)
    shutil.rmtree(protected.root / "runs")
    protected.sql("create table public.by_hand (id int)")
    with pytest.raises(NotApproved, match="no check in this folder printed it"):
        protected.open(target=TARGET, mode="apply", approve=token)


def test_a_manifest_that_was_tampered_with_opens_nothing(protected: Project):
    token = _check(protected)
    protected.sql("create table public.by_hand (id int)")
    now = _check(protected)
    plans = protected.root / "runs" / "plans"
    (plans / f"{token}.json").write_text((plans / f"{now}.json").read_text())
    with pytest.raises(NotApproved):
        protected.open(target=TARGET, mode="apply", approve=token)


def test_a_second_persons_word_is_asked_for_and_only_a_second_persons_counts(
    protected: Project, bob: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    token = _check(protected)
    monkeypatch.setenv(second.REQUIRED, "1")
    with pytest.raises(NotApproved, match="needs the approval of a second person"):
        _apply(protected, token)
    assert protected.sql("select from pg_namespace where nspname = 'runbook'") == []

    assert _approve(protected, token, "ada") == 0
    assert "it does not count" in capfd.readouterr().out
    assert _approve(protected, token, "bob") == 0  # a typed name, from the same login and role
    assert "only a typed name" in capfd.readouterr().out
    with pytest.raises(NotApproved, match="not known to be another than who applies it"):
        _apply(protected, token)
    assert protected.history() == []

    assert _approve(protected, token, "bob", OTHER) == 0
    assert "it does not count" not in capfd.readouterr().out
    _apply(protected, token)
    (used,) = [event for event in protected.events() if event.stage == "approval"]
    assert used.detail["other_approver"] == f"bob, told apart by database roles {bob} and postgres"
    owner = "select pg_get_userbyid(relowner) from pg_class where oid = 'runbook.events'::regclass"
    assert protected.value(owner) == "postgres"


def test_who_made_the_check_is_not_its_second_person(
    protected: Project, bob: str, monkeypatch: pytest.MonkeyPatch
):
    text = str(protected.open(target=OTHER, operator="bob").token())
    token = text.split(": ")[1].split()[0]
    assert token == _check(protected, "carol")  # the same plan gives everybody the same token
    protected.open(target=OTHER, operator="bob").token()
    assert _approve(protected, token, "bob", OTHER) == 0
    monkeypatch.setenv(second.REQUIRED, "1")
    with pytest.raises(NotApproved, match="another than who made the check"):
        _apply(protected, token)


def test_the_first_word_in_the_ledger_leaves_it_to_the_role_that_applies(
    protected: Project, bob: str
):
    token = _check(protected)
    assert _approve(protected, token, "bob", OTHER) == 0
    owner = "select pg_get_userbyid(relowner) from pg_class where oid = 'runbook.events'::regclass"
    assert protected.value(owner) == "postgres"
    _apply(protected, token)


def test_a_word_for_something_else_is_refused(protected: Project, capfd: pytest.CaptureFixture):
    token = _check(protected)
    path = protected.file(protected.plan.migrations[0].version)
    path.write_text(TABLE.format("a") + "-- edited\n")
    assert _approve(protected, token, "bob") == 2
    assert f"migrations/{path.name} was edited" in capfd.readouterr().err
    assert _approve(protected, token, "bob", protected.name) == 2
    assert "nothing on it needs an approval" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        (Person("ADA ", "x on machine 1", "bob"), ""),
        (Person("bob", "ada on machine 0", "ada"), ""),
        (Person("bob", "bob on machine 0", "ada"), "system logins"),
        (Person("bob", "ada on machine 0", "bob"), "database roles"),
    ],
)
def test_two_people_are_two_by_more_than_a_typed_name(other: Person, apart: str):
    said = told_apart(Person("ada", "ada on machine 0", "ada"), other)
    assert bool(said) == bool(apart)
    assert apart in said
