"""Promises of the scenario files: what may stand in them, what a run tells, what it leaves."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import uuid
from pathlib import Path

import psycopg
import pytest
from runbook import scenario
from runbook.errors import CheckFailed, FileInvalid, Refused
from runbook.findings import FAIL, PASS, SKIP, Finding
from runbook.scenarios import actor


def step(sql: str, expect: str = "ok", who: str = "owner", name: str = "") -> str:
    return f"-- name: {name or uuid.uuid4()}\n-- as: {who}\n-- expect: {expect}\n{sql};\n\n"


def play(conn: psycopg.Connection, *steps: str, **options: int) -> dict[str, Finding]:
    """Run the steps; the findings by name, in order."""
    text = "".join(steps)
    found = scenario.run(conn, scenario.parse(text, file="a.sql"), **options)
    return {row.object: row for row in found}


def last(conn: psycopg.Connection, *steps: str, **options: int) -> Finding:
    """The finding of the last statement (two rows follow it)."""
    return list(play(conn, *steps, **options).values())[-3]


GOOD = "-- name: a\n-- as: owner\n-- expect: ok\nselect 1;\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("select 1;", 1, "no `-- name:` and no `-- as:` and no `-- expect:`"),
        ("-- name: a\n-- as: owner\nselect 1;", 3, "no `-- expect:`"),
        ("-- name: a\n-- as: owner\n-- expct: ok\nselect 1;", 3, "did you mean `-- expect:`"),
        ("-- name: a\n-- Expect: ok\n-- as: owner\nselect 1;", 2, "did you mean `-- expect:`"),
        ("-- note: prose\n" + GOOD, 1, "`-- note:` is not a directive"),
        ("-- name: a\n-- as: owner\n-- expect: ok\n\nselect 1;", 5, "directly above"),
        (GOOD + "\n-- name: b\n", 6, "no statement below"),
        ("-- expect: ok\n\n" + GOOD, 1, "not directly above"),
        (GOOD + "select 2;", 5, "no `-- name:`"),
        (GOOD.replace("select 1;", "select 1; select 2;"), 4, "no `-- name:`"),
        (GOOD.replace("select 1", "select -- expect: 2 rows\n1"), 4, "inside a statement"),
        (GOOD.replace("select 1;", "select 1; -- expect: 2 rows"), 4, "line of its own"),
        (GOOD + GOOD, 8, "already used on line 4"),
        ("-- name: a\n" + GOOD, 1, "two `-- name:`"),
        (GOOD.replace("expect: ok", "expect:"), 3, "says nothing"),
        (GOOD.replace("expect: ok", "expect: 3 row s"), 3, "is none of"),
        (GOOD.replace("expect: ok", "expect: fine"), 3, "is none of"),
        (GOOD.replace("expect: ok", "expect: error 4250"), 3, "not the SQLSTATE"),
        (GOOD.replace("expect: ok", "expect: error 00000"), 3, "not the SQLSTATE"),
        (GOOD.replace("expect: ok", "expect: error 42051"), 3, "no SQLSTATE 42051"),
        (GOOD.replace("as: owner", "as: admin"), 2, "'admin' is not one of"),
        (GOOD.replace("as: owner", "as: authenticated"), 2, "needs a user"),
        (GOOD.replace("as: owner", "as: authenticated ada"), 2, "needs a user"),
        (GOOD.replace("as: owner", "as: anon bob@x.example"), 2, "takes no user"),
        (GOOD.replace("as: owner", 'as: anon headers={"a": "b"'), 2, "not valid JSON"),
        (GOOD.replace("as: owner", "as: anon headers=[]"), 2, "must be a JSON object"),
        (GOOD.replace("as: owner", 'as: anon headers={"a": 1}'), 2, "must be strings"),
        (GOOD.replace("as: owner", 'as: anon headers={"a":"1","A":"2"}'), 2, "given twice"),
        (GOOD.replace("as: owner", "as: anon headers={} header={}"), 2, "neither headers"),
        (GOOD.replace("as: owner", 'as: owner claims={"sub":"x"}'), 2, "without claims"),
        (GOOD.replace("select 1", "commit"), 4, "COMMIT would end"),
        (GOOD.replace("select 1", "savepoint runbook_step"), 4, "SAVEPOINT would end"),
        (GOOD.replace("select 1", "copy t from stdin"), 4, "COPY"),
        (GOOD.replace("select 1", "copy t to stdout"), 4, "COPY"),
        (GOOD.replace("select 1", "prepare p as select 1"), 4, "outlive the rollback"),
        (GOOD.replace("select 1", "vacuum"), 4, "cannot run inside a transaction"),
        ("-- name: a\n-- as: owner\n-- expect: index i\ngrant a to b;", 3, "no plan"),
        ("-- nothing but prose\n", 1, "no statement"),
    ],
)  # fmt: skip
def test_a_file_that_could_hide_a_promise_is_refused_with_its_line(text, line, says):
    with pytest.raises(FileInvalid) as refusal:
        scenario.parse(text, file="a.sql")
    assert says in str(refusal.value)
    assert f"a.sql, line {line}:" in str(refusal.value)


def test_a_psql_meta_command_is_refused_with_its_line():
    with pytest.raises(FileInvalid, match="meta-command") as refusal:
        scenario.parse(GOOD + "\\echo hello\n", file="a.sql")
    assert "a.sql:5:1" in str(refusal.value)


def test_the_line_is_right_behind_signs_of_several_bytes(tmp_path: Path):
    file = tmp_path / "a.sql"
    file.write_text("-- Ünïcödé\n\n" + GOOD.replace("select 1", "select 'ééé'") + "select 2;")
    with pytest.raises(FileInvalid, match="line 7"):
        scenario.read(file)


def test_prose_may_stand_around_and_between_directives():
    text = (
        "-- A header, see https://example.org\n-- purpose: nothing\n\n"
        "-- name: a\n-- why not at https://example.org (yes)\n-- as: anon\n-- expect: ok\n"
        "select /* -- expect: no */ ';' -- a word\n, $$-- name: text$$"
    )
    (only,) = scenario.parse(text).steps
    assert (only.name, only.actor.role, only.expect.kind, only.line) == ("a", "anon", "ok", 8)


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


CLAIMS = "current_setting('request.jwt.claims')::json"


def test_a_user_is_found_by_e_mail_at_the_moment_of_the_statement(conn):
    user = str(uuid.uuid4())
    found = play(
        conn,
        step("select 1", "ok", "authenticated ada@scenario.example", "too early"),
        step(f"insert into auth.users (id, email) values ('{user}', 'Ada@scenario.example')"),
        step("select auth.uid()", f"value {user}", "authenticated ada@scenario.example", "uid"),
        step("select auth.email()", "value Ada@scenario.example", f"authenticated {user}", "mail"),
        step(f"select {CLAIMS} ->> 'role'", "value authenticated", f"authenticated {user}", "role"),
        step("select current_user", "value authenticated", f"authenticated {user}", "user"),
    )
    assert found["too early"].verdict == FAIL
    assert "is not in auth.users at this point" in found["too early"].observed
    assert {found[name].verdict for name in ("uid", "mail", "role", "user")} == {PASS}


def test_an_e_mail_that_two_users_share_is_nobody(conn):
    twice = "insert into auth.users (id, email) select gen_random_uuid(), e from unnest(array["
    found = play(
        conn,
        step(twice + "'ada@x.example', 'ADA@x.example']) e", "2 affected"),
        step("select 1", "1 row", "authenticated ada@x.example", "who"),
    )
    assert found["who"].verdict == FAIL
    assert "is in auth.users 2 times" in found["who"].observed


def test_claims_and_headers_reach_the_settings_and_go_with_the_statement(conn):
    header = "current_setting('request.headers', true)::json ->> 'x-token'"
    who = 'service_role headers={"X-Token": "a\'b%s"}  claims={"org": {"id": 7}}'
    found = play(
        conn,
        step(f"select {header}", "value a'b%s", who, "header"),
        step(f"select {CLAIMS} #>> '{{org,id}}'", "value 7", who, "claim"),
        step("select current_setting('request.jwt.claim.role')", "value service_role", who, "old"),
        step(f"select {header}", "value null", "anon", "next header"),
        step(f"select {CLAIMS} ->> 'org'", "value null", "anon", "next claim"),
        step("select current_setting('request.jwt.claims')", "value ''", "owner", "owner"),
        step("select auth.uid() is null", "value true", "owner", "uid"),
    )
    assert [row.verdict for row in found.values()] == [PASS] * len(found)


def test_an_actor_who_cannot_be_put_on_never_counts_as_a_refusal(conn, database):
    name = f"stranger_{uuid.uuid4().hex[:8]}"
    conn.execute(f"create role {name} login")
    try:
        with psycopg.connect(database, user=name, autocommit=True) as stranger:
            row = last(stranger, step("select 1", "error 42501", "anon"))
    finally:
        conn.execute(f"drop role {name}")
    assert row.verdict == FAIL
    assert "cannot act as anon: permission denied to set role" in row.observed


def test_a_role_that_the_server_lacks_is_a_skip_with_the_reason(conn):
    file = scenario.parse(step("select 1", who="anon"))
    ghost = actor.Actor("anon", "no_such_role_here")
    file = dataclasses.replace(file, steps=(dataclasses.replace(file.steps[0], actor=ghost),))
    row = scenario.run(conn, file)[0]
    assert row.verdict == SKIP
    assert 'role "no_such_role_here" does not exist' in row.observed


def test_the_seconds_of_each_statement_are_kept(conn):
    file = scenario.parse(step("select pg_sleep(0.05)", name="slow") + step("select 1", name="b"))
    with scenario.play(conn, file) as played:
        pass
    assert list(played.seconds) == ["slow", "b"]
    assert played.seconds["slow"] >= 0.05


ACCESS = "\n-- access: public.t\n--   role select insert update delete\n"


@pytest.mark.parametrize(
    ("tail", "line", "says"),
    [
        (ACCESS, 6, "has no rows"),
        (ACCESS + "-- anon none none none\n", 8, "4 cells"),
        (ACCESS + "-- anon none none none some\n", 8, "'some' is none of"),
        (ACCESS + "-- anon none none none 4/3\n", 8, "'4/3' is none of"),
        (ACCESS + "-- nobody none none none none\n", 8, "'nobody' is not one of"),
        (ACCESS + "-- anon all all all all\n-- anon none none none none\n", 9, "on line 8"),
        (ACCESS.replace("delete", "drop") + "-- anon all all all all\n", 7, "starts with: role"),
        ("\n-- access: t\n", 6, "schema.table"),
        (2 * (ACCESS + "-- anon all all all all\n"), 10, "on line 6"),
        (
            ACCESS + "-- anon all all all all\n" + GOOD.replace(": a", ": b"),
            6,
            "at the end of the file",
        ),
    ],
)
def test_a_malformed_access_table_is_refused_with_its_line(tail, line, says):
    with pytest.raises(FileInvalid) as refusal:
        scenario.parse(GOOD + tail, file="a.sql")
    assert says in str(refusal.value)
    assert f"a.sql, line {line}:" in str(refusal.value)


def test_a_user_who_changed_between_two_statements_is_looked_up_anew(conn):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    text = f"""\
-- name: somebody is there
-- as: owner
-- expect: 1 affected
insert into auth.users (id, email) values ('{first}', 'first@example.com');
-- name: they are known by their e-mail
-- as: authenticated first@example.com
-- expect: value {first}
select auth.uid();
-- name: still
-- as: authenticated first@example.com
-- expect: value {first}
select auth.uid();
-- name: their address goes to somebody else
-- as: owner
-- expect: 1 affected
update auth.users set id = '{second}' where id = '{first}';
-- name: who is another now
-- as: authenticated first@example.com
-- expect: value {second}
select auth.uid();
-- name: and then nobody
-- as: owner
-- expect: 1 affected
delete from auth.users where id = '{second}';
-- name: asked once more
-- as: authenticated first@example.com
-- expect: 1 row
select 1;
"""
    found = scenario.run(conn, scenario.parse(text))
    assert [row.verdict for row in found if row.object != "asked once more"] == [PASS] * 8
    (last,) = (row for row in found if row.object == "asked once more")
    assert (last.verdict, "not in auth.users" in last.observed) == (FAIL, True)
