"""Apply: one migration, its history row and its event are committed together or not at all."""

from __future__ import annotations

import threading

import psycopg
import pytest
from runbook import history
from runbook.apply import apply
from runbook.applying import lock
from runbook.applying.waiting import Limits, Progress
from runbook.errors import Held, LockTimeout, Refused, StatementFailed
from runbook.ledger import Author
from sandbox import Background, Project, terminate

pytest_plugins = ("engine_fixtures",)

# Runs on an empty copy of the schema, and fails where public.kept holds its row.
FIVE = """\
create table public.first (id int primary key);
insert into public.first values (1);
insert into public.kept values (1);
create table public.second (id int primary key);
create table public.third (id int primary key);
"""
FIVE_TABLES = ("public.first", "public.second", "public.third")
KEPT = "create table public.kept (id int primary key); insert into public.kept values (1)"


def test_a_failing_third_of_five_statements_leaves_no_trace(project: Project):
    version = project.add("five", FIVE, tables=FIVE_TABLES)
    project.sql(KEPT)
    before = project.fingerprint()
    step = project.step(version)
    step.precheck()
    with pytest.raises(StatementFailed) as caught:
        step.apply()
    assert project.fingerprint() == before
    assert project.history() == []
    assert project.states(version)[-2:] == [("apply", "started"), ("apply", "failed")]
    assert caught.value.exit_code == 4
    assert "nothing of this migration remains" in caught.value.state


def test_an_error_shows_file_line_column_caret_sqlstate_and_hint(project: Project):
    text = (
        "-- Größe: a comment with two-byte signs\ncreate table public.first (id int);\n"
        "select 'ü',\n       first.idd from public.first;\n"
    )
    version = project.add("hinted", text, tables=("public.first",))
    with pytest.raises(StatementFailed) as caught:
        project.engine(version)
    words = caught.value.what.splitlines()
    assert words[0].startswith(f"migrations/{version}_hinted.sql, line 3:")
    assert "(SQLSTATE 42703)" in words[0]
    assert words[1] == f"migrations/{version}_hinted.sql:4:8"
    assert words[2].endswith("|        first.idd from public.first;")
    assert words[3].index("^") == words[2].index("first.idd")
    assert any(line.startswith("Hint: Perhaps you meant") for line in words)


def test_an_error_inside_a_function_body_shows_its_context(project: Project):
    text = (
        "create function public.f() returns void language plpgsql as $$\nbegin\n"
        "  perform 1 / 0; -- a semicolon; in a body\nend $$;\nselect public.f();\n"
    )
    version = project.add("body", text)
    with pytest.raises(StatementFailed, match=r"line 5: division by zero .SQLSTATE 22012") as e:
        project.engine(version)
    assert "Context: " in e.value.what
    assert "function f() line 3 at PERFORM" in e.value.what


def test_a_deferred_constraint_is_checked_before_the_commit_and_fails_like_a_statement(
    project: Project,
):
    project.sql("create table public.parent (id int primary key)")
    text = (
        "create table public.child (p int references public.parent deferrable initially"
        " deferred);\ninsert into public.child values (7);\n"
    )
    version = project.add("deferred", text, tables=("public.child",))
    before = project.fingerprint()
    with pytest.raises(StatementFailed, match="SQLSTATE 23503") as caught:
        project.engine(version)
    assert "at its end, before the commit" in caught.value.what
    assert "is not present in table" in caught.value.what
    assert (project.fingerprint(), project.history()) == (before, [])


def test_the_history_row_is_the_one_that_the_supabase_cli_writes(project: Project):
    text = (
        "-- above\ncreate table public.t (\n  id int -- inside\n);\n\n"
        "-- two\ncomment on table public.t is 'x;y' ;\n-- end\n"
    )
    version = project.add("as_the_cli", text, tables=("public.t",))
    project.engine(version)
    with project.connect() as conn:
        (row,) = history.read(conn)
    assert (row.version, row.name) == (version, "as_the_cli")
    assert row.statements == (
        "-- above\ncreate table public.t (\n  id int -- inside\n)",
        "-- two\ncomment on table public.t is 'x;y'",
    )


def test_notices_are_kept_in_order_in_the_result_and_in_the_ledger(project: Project):
    text = (
        "drop table if exists public.gone;\n"
        "do $$ begin raise warning 'look %', 'here'; raise notice 'then there'; end $$;\n"
    )
    version = project.add("noisy", text)
    applied = project.engine(version)
    assert applied.notices == (
        'NOTICE: table "gone" does not exist, skipping',
        "WARNING: look here",
        "NOTICE: then there",
    )
    event = project.events(version)[-1]
    assert event.detail["notices"] == list(applied.notices)
    assert [f.observed for f in event.findings if f.check == "Notice"] == list(applied.notices)


@pytest.mark.parametrize(
    "leak",
    [
        "select pg_catalog.set_config('search_path', '', false)",
        "set search_path = extensions",
        "set role anon",
        "set session role authenticated",
        "set session characteristics as transaction read only",
        "set session work_mem = '77MB'",
        "set session_replication_role = replica",
        "set statement_timeout = '1ms'",
        "set default_transaction_isolation = 'serializable'",
        "prepare leaked as select 1",
        "select pg_catalog.pg_advisory_lock(42)",
        "create temporary table leaked (id int)",
        "listen leaked",
    ],
)
def test_nothing_that_a_file_sets_for_its_session_reaches_the_next(project: Project, leak: str):
    text = f"create table public.a (id int);\n{leak};\n"
    first = project.add("leaks", text, tables=("public.a",))
    second = project.add("next", "create table b (id int);\n", tables=("public.b",))
    target, author = project.target, Author("run", "ada")
    project.engine(project.add("ledger", "select 1;\n"))
    with target.connect(purpose="engine") as conn, target.connect(purpose="engine") as fresh:
        apply(target, conn, project.migration(first), author, Limits())
        assert _session(conn) == _session(fresh)
        apply(target, conn, project.migration(second), author, Limits())
    assert {first, second} < set(project.history())
    assert project.value("select tableowner from pg_tables where tablename = 'b'") == "postgres"


def _session(conn: psycopg.Connection) -> list[object]:
    """All that a session holds beside its identity."""
    questions = (
        # A setting of plpgsql's is there once the session has used it.
        "select name, setting from pg_settings where name !~ '[.]' and name not in"
        " ('application_name', 'transaction_isolation') order by name",
        "select current_user, session_user",
        # Our own plans of the catalog's queries stay.
        "select name from pg_prepared_statements where from_sql and name !~ '^runbook_[0-9a-f]+_'",
        "select pg_listening_channels()",
        "select relname from pg_class"
        " where relpersistence = 't' and relnamespace = pg_my_temp_schema()",
        "select objid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    )
    return [conn.execute(question).fetchall() for question in questions]


def test_a_lock_that_is_never_free_is_given_up_naming_who_holds_it(project: Project):
    project.sql("create table public.busy (id int)")
    version = project.add("alters", "alter table public.busy add column x int;\n")
    said: list[Progress] = []
    with project.connect() as reader, reader.transaction():
        reader.execute("select from public.busy where 'password=hunter2' is not null")
        pid = reader.info.backend_pid
        with pytest.raises(LockTimeout) as caught:
            project.engine(version, Limits(lock_timeout_ms=400, retries=1), said.append)
    assert "SQLSTATE 55P03" in caught.value.what
    assert "2 attempts" in caught.value.what
    assert f"pid {pid}, role postgres, a colleague (idle in transaction for" in caught.value.what
    assert "select from public.busy" in caught.value.what
    assert "hunter2" not in str(caught.value)
    assert any(p.waiting.startswith(f"waiting for pid {pid}") for p in said)
    assert any(p.waiting.startswith("retry 1 of 1") for p in said)
    assert project.history() == []


@pytest.mark.parametrize("limit", [{"lock_timeout_ms": 0}, {"statement_timeout_ms": -1}])
def test_a_limit_that_would_mean_for_ever_is_refused(project: Project, limit: dict[str, int]):
    project.add("x", "select 1;\n")
    with pytest.raises(Refused, match="must be a positive number"):
        project.open(**limit)


def test_a_statement_that_takes_too_long_is_cancelled_and_rolled_back(project: Project):
    text = "create table public.t (id int);\nselect pg_sleep(30);\n"
    version = project.add("slow", text, tables=("public.t",))
    before = project.fingerprint()
    with pytest.raises(StatementFailed, match=r"line 2: .*statement timeout .SQLSTATE 57014"):
        project.engine(version, Limits(statement_timeout_ms=200))
    assert (project.fingerprint(), project.history()) == (before, [])


def test_the_retry_gets_through_when_the_holder_leaves(project: Project):
    project.sql("create table public.busy (id int)")
    version = project.add("alters", "alter table public.busy add column x int;\n")
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with project.connect() as reader, reader.transaction():
            reader.execute("select from public.busy")
            held.set()
            leave.wait(20)

    def on_report(progress: Progress) -> None:
        if "retry" in progress.waiting:
            leave.set()

    holder = Background(hold)
    assert held.wait(20)
    applied = project.engine(version, Limits(lock_timeout_ms=100, retries=9), on_report)
    holder.result()
    assert applied.attempts > 1
    assert project.history() == [version]


def test_two_threads_that_apply_the_same_thing_apply_it_once(project: Project):
    project.sql(KEPT)
    text = "create table public.t (id int);\nselect pg_sleep(0.4) from public.kept;\n"
    version = project.add("once", text, tables=("public.t",))
    steps = [project.step(version, operator=name) for name in ("ada", "bob")]
    for step in steps:
        step.precheck()
    tables = [work.result() for work in [Background(step.apply) for step in steps]]
    assert project.history() == [version]
    assert [state for state in project.states(version) if state[0] == "apply"] == [
        ("apply", "started"),
        ("apply", "passed"),
    ]
    assert tables[0].values.tolist() == tables[1].values.tolist()


def test_the_holder_of_the_runner_lock_is_named_and_a_dead_one_does_not_block(project: Project):
    with lock.hold(project.target, "ada"):
        with (
            pytest.raises(Held, match=r"held by runbook ada: lock \(pid \d+, role postgres"),
            lock.hold(project.target, "bob", wait_s=0.3),
        ):
            pass
        terminate(project, "application_name = 'runbook ada: lock'")
        with lock.hold(project.target, "bob", wait_s=5):
            pass
