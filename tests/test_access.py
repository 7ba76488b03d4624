"""Promises of the access matrix: what is measured is what the actor could really do."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from measuring import ADA, BOB, CLOSED, USERS, cells, declared, measure, rows_of, step
from runbook import access
from runbook.findings import FAIL, PASS, SKIP, WARN

SESSIONS = """
create table public.wizard_sessions (id int primary key, token text, email text, owner_id uuid);
alter table public.wizard_sessions enable row level security;
create policy holder on public.wizard_sessions for select to anon
  using (token = current_setting('request.headers', true)::json ->> 'x-wizard-token');
create policy holder_writes on public.wizard_sessions for update to anon
  using (token = current_setting('request.headers', true)::json ->> 'x-wizard-token');
create policy own on public.wizard_sessions to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()))
"""
THREE = step(f"""insert into public.wizard_sessions
select id, 'token-' || id, 'x@y.example', (select u.id from auth.users u where u.email = '{ADA}')
from generate_series(1, 3) id""")

SOUND = declared(
    "public.wizard_sessions",
    f"anon                                      {CLOSED}",
    'anon headers={"x-wizard-token":"token-2"} 1/3 none 1/3 none',
    f"authenticated {ADA}                       all all all all",
    f"authenticated {BOB}                       {CLOSED}",
    "service_role                              all all all all",
)


@pytest.fixture
def sessions(conn):
    conn.execute(SESSIONS)
    return conn


def test_a_sound_declaration_passes_and_nothing_remains(sessions):
    found = rows_of(measure(sessions, USERS, THREE, SOUND))
    assert len(found) == 5
    assert {row.verdict for row in found.values()} == {PASS}
    left = "select (select count(*) from wizard_sessions) + (select count(*) from auth.users)"
    assert sessions.execute(left).fetchone() == (0,)
    assert sessions.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_leaky_policy_is_told_in_a_sentence(sessions):
    sessions.execute(
        "create policy leak on wizard_sessions for select to anon using (email is not null)"
    )
    found = rows_of(measure(sessions, USERS, THREE, SOUND))
    leak = found["public.wizard_sessions · anon · select"]
    assert leak.verdict == FAIL
    assert leak.observed == (
        "anonymous visitors can read 3 of 3 rows of public.wizard_sessions; declared: none"
    )


@pytest.mark.parametrize("command", ["select", "insert", "update", "delete"])
@pytest.mark.parametrize(("who", "cell"), [(ADA, "none"), (ADA, "2/3"), (BOB, "1/3"), (BOB, "all")])
def test_any_cell_that_differs_fails(sessions, command, who, cell):
    wrong = dict.fromkeys(access.COMMANDS, "all" if who == ADA else "none") | {command: cell}
    table = declared("public.wizard_sessions", f"authenticated {who} {' '.join(wrong.values())}")
    found = rows_of(measure(sessions, USERS, THREE, table))
    failed = [name for name, row in found.items() if row.verdict == FAIL]
    assert failed == [f"public.wizard_sessions · authenticated {who} · {command}"]


def test_a_wrong_total_fails_although_the_count_is_right(sessions):
    table = SOUND.replace("1/3 none 1/3", "1/4 none 1/3")
    found = rows_of(measure(sessions, USERS, THREE, table))
    row = found["public.wizard_sessions · anon with x-wizard-token · select"]
    assert (row.verdict, "1 of 3" in row.observed) == (FAIL, True)


def test_the_secret_in_a_header_is_in_no_output(sessions):
    measured = measure(sessions, USERS, THREE, SOUND.replace("1/3", "2/3"))
    assert "token-2" not in str(measured.findings) + str(measured.rows)


def test_a_table_without_declaration_is_a_warning_with_what_was_measured(sessions):
    measured = measure(
        sessions,
        USERS,
        THREE,
        step("select 1", who=f"authenticated {BOB}"),
        tables=["public.wizard_sessions"],
    )
    row = rows_of(measured)["public.wizard_sessions"]
    assert row.verdict == WARN
    assert "anon can do nothing" in row.observed
    assert "service_role can read, insert, change, delete" in row.observed
    actors = {each.actor for each in measured.rows}
    assert actors == {"anon", f"authenticated {BOB}", "service_role"}
    assert measured.rows[0] == ("public.wizard_sessions", "anon", "select", 0, 3)


def test_a_role_left_out_of_the_declaration_is_a_warning(sessions):
    table = declared("public.wizard_sessions", f"anon {CLOSED}")
    found = rows_of(measure(sessions, USERS, THREE, table))
    assert found["public.wizard_sessions · service_role"].verdict == WARN
    assert "select 3/3" in found["public.wizard_sessions · service_role"].observed


def test_rows_that_were_there_before_are_not_counted(conn):
    conn.execute("create table t (id int primary key, word text)")
    conn.execute("insert into t select generate_series(1, 50)")
    changed = step("update t set word = 'x' where id <= 7", "7 affected")
    measured = measure(conn, changed, step("insert into t values (99)"), tables=["public.t"])
    assert {(row.allowed, row.total) for row in measured.rows} == {(1, 1)}
    assert conn.execute("select count(*), count(word) from t").fetchone() == (50, 0)


def test_without_a_primary_key_untouched_rows_are_not_counted_either(conn):
    conn.execute("create table t (id int); insert into t select generate_series(1, 50)")
    measured = measure(conn, step("insert into t values (1), (99)"), tables=["public.t"])
    assert {row.total for row in measured.rows} == {2}


def test_rows_that_hide_from_the_owner_too_are_an_error_not_a_zero(conn, database):
    name = f"owner_{uuid.uuid4().hex[:8]}"
    conn.execute(f"create role {name} login; grant create on schema public to {name}")
    try:
        with psycopg.connect(database, user=name, autocommit=True) as owner:
            owner.execute("create table t (id int primary key)")
            owner.execute("alter table t enable row level security, force row level security")
            owner.execute("create policy writes on t for insert with check (true)")
            table = declared("public.t", f"owner {CLOSED}")
            found = rows_of(measure(owner, step("insert into t values (1)"), table))
            owner.execute("drop table t")
    finally:
        conn.execute(f"revoke all on schema public from {name}; drop role {name}")
    assert found["public.t"].verdict == FAIL
    assert "cannot be counted" in found["public.t"].observed


def test_rows_of_statements_that_failed_or_were_deleted_are_not_counted(conn):
    conn.execute("create table t (id int primary key)")
    steps = (
        step("insert into t values (1), (2)"),
        step("insert into t values (3), (1)", "error 23505"),
        step("delete from t where id = 2"),
    )
    measured = measure(conn, *steps, tables=["public.t"])
    assert {row.total for row in measured.rows} == {1}


def test_rows_behind_forced_row_level_security_are_counted(conn):
    conn.execute("create table t (id int primary key); alter table t enable row level security")
    conn.execute("alter table t force row level security")
    measured = measure(conn, step("insert into t values (1)"), tables=["public.t"])
    assert cells(measured, "anon") == dict.fromkeys(access.COMMANDS, 0)
    assert cells(measured, "service_role") == dict.fromkeys(access.COMMANDS, 1)


def test_of_many_rows_only_some_are_tried_and_it_says_so(conn):
    conn.execute("create table t (id int primary key)")
    filled = step("insert into t select generate_series(1, 30)")
    table = declared("public.t", "anon all 30/30 all all", "service_role all all all all")
    found = rows_of(measure(conn, filled, table, row_limit=10))
    assert found["public.t · anon · insert"].verdict == SKIP
    assert "tried on 10 of 30 rows" in found["public.t · service_role"].observed


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("public.nowhere", "does not exist"),
        ("public.v", "only tables are measured"),
        ("public.t", "inserts no row"),
    ],
)
def test_a_declaration_that_cannot_be_measured_fails(conn, table, says):
    conn.execute("create table t (id int primary key); create view v as select * from t")
    row = rows_of(measure(conn, step("select 1"), declared(table, f"anon {CLOSED}")))[table]
    assert (row.verdict, says in row.observed) == (FAIL, True)


def test_a_table_without_rows_and_without_declaration_is_a_skip(conn):
    conn.execute("create table t (id int primary key)")
    measured = measure(conn, step("select 1"), tables=["public.t"])
    assert rows_of(measured)["public.t"].verdict == SKIP
    assert measured.rows == []


def test_a_declared_user_who_does_not_exist_fails(conn):
    conn.execute("create table t (id int primary key)")
    table = declared("public.t", f"authenticated {ADA} all all all all")
    found = rows_of(measure(conn, step("insert into t values (1)"), table))
    row = found[f"public.t · authenticated {ADA}"]
    assert (row.verdict, "is not in auth.users" in row.observed) == (FAIL, True)


def test_without_auth_users_a_declared_user_is_a_skip_with_the_reason(sessions):
    table = declared("public.t", f"authenticated {ADA} all all all all", "anon all all all all")
    steps = step("create table public.t (id int)") + step("insert into public.t values (1)")
    hidden = step("create schema elsewhere") + step("set local search_path = public")
    plain = psycopg.sql.SQL("drop schema auth cascade")
    with psycopg.connect(sessions.info.dsn, user="supabase_admin", autocommit=True) as admin:
        admin.execute(plain)
    found = rows_of(measure(sessions, steps, hidden, table))
    row = found[f"public.t · authenticated {ADA}"]
    assert (row.verdict, "auth.users" in row.observed) == (SKIP, True)
    assert found["public.t · anon"].verdict == PASS


def test_a_row_that_somebody_locks_is_not_called_refused(conn, database):
    conn.execute("create table t (id int primary key); create table other (id int primary key)")
    conn.execute("insert into other values (1)")
    conn.execute("""
      create function touch() returns trigger language plpgsql as $$
        begin update other set id = id; return new; end $$;
      create trigger touch before update on t for each row execute function touch()""")
    table = declared("public.t", "anon all all none all", "service_role all all all all")
    with psycopg.connect(database) as holder:
        holder.execute("select from other for update")
        measured = measure(conn, step("insert into t values (1)"), table, lock_timeout_ms=50)
    row = rows_of(measured)["public.t · anon · update"]
    assert (row.verdict, "could not be measured" in row.observed) == (FAIL, True)
    assert "update" not in cells(measured, "anon")


BEFORE = [("public.p", "anon", "select", 0, 3), ("public.p", "anon", "update", 1, 3)]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (BEFORE, []),
        ([*BEFORE[1:], ["public.p", "anon", "select", 3, 3]],
         ["anon can now read public.p (3 of 3 rows)"]),
        ([BEFORE[0], ("public.p", "anon", "update", 0, 3)], ["anon can no longer change public.p"]),
        ([BEFORE[0], ("public.p", "anon", "update", 3, 3)],
         ["anon can now change 3 of 3 rows of public.p; before, 1 of 3"]),
        ([BEFORE[0], ("public.p", "anon", "update", 2, 6)], []),
        ([*BEFORE, ("public.q", "anon", "delete", 1, 2)],
         ["anon can delete public.q (1 of 2 rows), measured for the first time"]),
        ([], ["public.p is no longer measured"]),
    ],
)  # fmt: skip
def test_changes_are_worded_for_an_operator(after, said):
    assert access.changes(BEFORE, after) == said
