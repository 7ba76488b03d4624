"""Promises of the scenario files: what may stand in them, what a run tells, what it leaves."""

from __future__ import annotations

import os
import signal
import threading

import psycopg
import pytest
from playing import last, play, step
from runbook import scenario
from runbook.errors import CheckFailed, Refused
from runbook.findings import FAIL, PASS


@pytest.mark.parametrize(
    ("sql", "right", "wrong"),
    [
        ("select 1", "ok", "error 42501"),
        ("select 1/0", "error 22012", "ok"),
        ("select 1/0", "error 22012", "error 42501"),
        ("select 1/0", "error 22012", "1 row"),
        ("select generate_series(1, 3)", "3 rows", "2 rows"),
        ("select 1", "1 row", "0 rows"),
        ("select 1", "1 row", "1 affected"),
        ("insert into t select generate_series(10, 12)", "3 affected", "2 affected"),
        ("insert into t values (10)", "1 affected", "1 row"),
        ("insert into t values (10) returning id", "1 row", "2 rows"),
        ("update t set id = id", "5 affected", "0 affected"),
        ("select count(*) from t", "value 5", "value 4"),
        ("select 42.00", "value 42", "value 42.01"),
        ("select true", "value true", "value false"),
        ("select null::text", "value null", "value 'null'"),
        ("select 'null'", "value 'null'", "value null"),
        ("select 'it''s % mine'", "value 'it''s % mine'", "value 'its mine'"),
        ("select 'two words'", "value two words", "value two"),
        ("""select '{"a": [1, 2]}'::jsonb""", 'value {"a":[1,2]}', 'value {"a":[2,1]}'),
        ("select 1, 2", "1 row", "value 1"),
        ("select 1 where false", "0 rows", "value null"),
        ("select * from t where id = 3", "index t_pkey", "index t_other"),
        ("do $$ begin raise exception using errcode = 'EV001'; end $$", "error EV001", "ok"),
    ],
)
def test_a_kept_promise_passes_and_a_broken_one_fails(conn, sql, right, wrong):
    table = step("create table t (id int primary key)") + step(
        "insert into t select generate_series(1, 5)"
    )
    off = step("set local enable_seqscan = off")
    found = play(
        conn, table, off, step(sql, right, name="right"), step("delete from t where id > 5")
    )
    assert found["right"].verdict == PASS, found["right"]
    found = play(conn, table, off, step(sql, wrong, name="wrong"))
    assert found["wrong"].verdict == FAIL
    assert "(line 19, as owner)" in found["wrong"].observed


def test_a_finding_tells_the_code_and_the_words_of_the_server(conn):
    closed = step("create table t ()") + step("revoke all on t from anon")
    row = last(conn, closed, step("select from t", "ok", "anon", "look"))
    assert row[:3] == ("scenario", "look", "ok")
    assert row.observed == "error 42501: permission denied for table t (line 14, as anon)"


def test_a_failing_statement_leaves_nothing_and_the_run_goes_on(conn):
    found = play(
        conn,
        step("create table t (id int)"),
        step("insert into t values (1)"),
        step("insert into t select 1 / (2 - id) from generate_series(1, 2) id", "error 22012"),
        step("select count(*) from t", "value 1", name="count"),
    )
    assert {row.verdict for row in found.values()} == {PASS}


def remains(conn: psycopg.Connection) -> list[str]:
    query = "select relname from pg_class where relname like 'left_%'"
    return [name for (name,) in conn.execute(query)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select 1/0", "22012"),
        ("reset role", None),
        ("set role anon", None),
        ("set session authorization default", None),
        ("set local role authenticated", None),
        ("do $$ begin commit; end $$", "2D000"),
        ("do $$ begin rollback; end $$", "2D000"),
        ("do $$ begin execute 'rollback to savepoint runbook_start'; end $$", "0A000"),
        ("set statement_timeout = 0", None),
        ("set search_path = nowhere", None),
    ],
)
@pytest.mark.parametrize("who", ["owner", "anon"])
def test_whatever_a_statement_tries_nothing_remains(conn, sql, code, who):
    settings = "select current_user, current_setting('statement_timeout'), current_schemas(false)"
    before = conn.execute(settings).fetchone()
    found = play(
        conn,
        step("create table public.left_over (id int)"),
        step(sql, f"error {code}" if code else "ok", who, "try"),
        step("select current_user = session_user", "value true", name="owner again"),
    )
    assert [row.verdict for row in found.values()] == [PASS] * 5
    assert "rolled back" in found["rollback"].observed
    assert remains(conn) == []
    assert conn.execute(settings).fetchone() == before
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_an_actor_who_resets_the_role_is_the_actor_again_in_the_next_statement(conn):
    found = play(
        conn,
        step("reset role", who="anon"),
        step("select current_user", "value anon", "anon", "who"),
    )
    assert found["who"].verdict == PASS


def test_a_lock_that_outlives_the_rollback_is_told(conn):
    found = play(conn, step("select pg_advisory_lock(4711)"))
    assert found["rollback"].verdict == FAIL
    assert "1 session advisory locks" in found["rollback"].observed


def test_nothing_remains_when_the_block_around_a_played_scenario_raises(conn):
    file = scenario.parse(step("create table public.left_over ()"))
    seen = []

    def interrupted():
        with scenario.play(conn, file):
            seen.extend(remains(conn))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["left_over"]
    assert remains(conn) == []


def test_an_interrupt_stops_the_statement_and_nothing_remains(conn):
    file = scenario.parse(step("create table public.left_over ()") + step("select pg_sleep(60)"))
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        scenario.run(conn, file)
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert remains(conn) == []


def test_a_lost_connection_is_an_error_that_says_nothing_remains(conn, database):
    kill = step("select pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(CheckFailed, match="nothing of the scenario remains"):
        play(conn, step("create table public.left_over ()"), kill)
    with psycopg.connect(database) as other:
        assert remains(other) == []


def test_a_connection_inside_a_transaction_is_refused(conn):
    with conn.transaction(), pytest.raises(Refused, match="idle connection"):
        play(conn, step("select 1"))


def test_a_statement_that_takes_too_long_fails(conn):
    row = last(conn, step("select pg_sleep(5)"), statement_timeout_ms=50)
    assert row.verdict == FAIL
    assert "statement timeout" in row.observed


def test_a_statement_that_waits_too_long_for_a_lock_fails(conn, database):
    conn.execute("create table public.t (id int)")
    with psycopg.connect(database) as other:
        other.execute("lock table public.t")
        row = last(conn, step("select * from public.t"), lock_timeout_ms=50)
    assert row.verdict == FAIL
    assert "lock timeout" in row.observed


def test_a_violated_deferred_constraint_does_not_hide(conn):
    found = play(
        conn,
        step("create table a (id int primary key)"),
        step("create table b (a int references a deferrable initially deferred)"),
        step("insert into b values (1)", "1 affected"),
    )
    assert found["deferred constraints"].verdict == FAIL
    assert "error 23503" in found["deferred constraints"].observed


def test_the_seconds_of_each_statement_are_kept(conn):
    file = scenario.parse(step("select pg_sleep(0.05)", name="slow") + step("select 1", name="b"))
    with scenario.play(conn, file) as played:
        pass
    assert list(played.seconds) == ["slow", "b"]
    assert played.seconds["slow"] >= 0.05
