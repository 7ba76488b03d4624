"""The runner of the checks changes nothing, hides nothing, and calls no silence an all-clear."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import psycopg
import pytest
from made_checks import QUERY, add
from psycopg import sql
from runbook import embedded, system
from runbook.checking import checkfile
from runbook.errors import Refused
from runbook.findings import FAIL, PASS, SKIP, WARN, Finding, overall


def one(conn: psycopg.Connection, folder: Path, **options: object) -> Finding:
    [row] = system.validate(conn, folders=(folder,), **options)
    return row


# What validation may not do


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("insert into public.written values (1)", "25006"),
        ("create table public.made ()", "25006"),
        ("perform set_config('transaction_read_only', 'off', true)", "25001"),
        ("perform nextval('public.counter')", "25006"),
    ],
)
def test_a_check_that_writes_is_refused_by_the_server(
    conn: psycopg.Connection, tmp_path: Path, body: str, state: str
) -> None:
    conn.execute("create table public.written (n int)")
    conn.execute("create sequence public.counter")
    conn.execute(
        "create function public.sly() returns int language plpgsql as"
        f" $$ begin {body}; return 1; end $$"
    )
    add(tmp_path, "901_sly.sql", QUERY.format(where="public.sly() = 1"))
    row = one(conn, tmp_path)
    assert row.verdict == FAIL
    assert row.observed.startswith("check could not run: ")
    assert f"(SQLSTATE {state})" in row.observed
    assert conn.execute("select count(*) from public.written").fetchall() == [(0,)]
    assert conn.execute("select is_called from public.counter").fetchall() == [(False,)]


def test_validation_uses_no_transaction_id_and_leaves_the_session_as_it_was(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    conn.execute("create table public.t (id serial primary key, up int references public.t)")
    add(
        tmp_path,
        "999_last.sql",
        "with examined as (select 1) select 'id' as object, 'none' as expected,"
        " coalesce(pg_current_xact_id_if_assigned()::text, 'none') as observed from examined",
    )
    before = conn.execute("select name, setting from pg_settings").fetchall()
    rows = system.validate(conn, folders=(checkfile.default_folder(), tmp_path))
    assert rows[-1].observed == "none"
    assert conn.execute("select name, setting from pg_settings").fetchall() == before
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


# One check's trouble is its own


def test_a_broken_check_is_a_finding_and_hides_no_other(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    add(tmp_path, "901_before.sql", QUERY.format(where="false"), title="Before")
    add(tmp_path, "902_broken.sql", QUERY.format(where="1 / (n - 1) = 1"), title="Broken")
    add(
        tmp_path, "903_null.sql", QUERY.replace("'none'", "null").format(where="true"), title="Null"
    )
    add(tmp_path, "904_after.sql", QUERY.format(where="true"), title="After")
    before, broken, null, after = system.validate(conn, folders=(tmp_path,))
    assert before == ("901 Before", "things", "Before", "1 looked at", PASS)
    assert broken.verdict == FAIL
    assert broken.observed == "check could not run: division by zero (SQLSTATE 22012)"
    assert null.verdict == FAIL
    assert "a null in it" in null.observed
    assert after == ("904 After", "1", "none", "one", WARN)


def test_a_slow_check_is_skipped_with_its_limit(conn: psycopg.Connection, tmp_path: Path) -> None:
    add(tmp_path, "901_slow.sql", QUERY.format(where="pg_sleep(20) is null"))
    add(tmp_path, "902_after.sql", QUERY.format(where="false"))
    slow, after = system.validate(conn, folders=(tmp_path,), statement_timeout_ms=200)
    assert slow.verdict == SKIP
    assert slow.observed == "not looked at: it took longer than 200 ms"
    assert after.verdict == PASS


def test_being_cancelled_by_the_operator_is_not_a_finding(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    add(tmp_path, "901_slow.sql", QUERY.format(where="pg_sleep(20) is null"))
    timer = threading.Timer(0.5, conn.cancel)
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        system.validate(conn, folders=(tmp_path,))
    timer.join()


def test_a_locked_table_is_skipped_and_the_others_are_scanned(conn: psycopg.Connection) -> None:
    conn.execute("create table public.parent (id int primary key)")
    conn.execute("create table public.locked (parent int references public.parent)")
    conn.execute("create table public.orphans (parent int)")
    conn.execute("insert into public.orphans values (7)")
    conn.execute(
        "alter table public.orphans add foreign key (parent) references public.parent not valid"
    )
    with psycopg.connect(conn.info.dsn) as other:
        other.execute("lock table public.locked in access exclusive mode")
        rows = system.validate(conn, only=["101"], lock_timeout_ms=100)
    assert {(row.object, row.verdict) for row in rows} == {
        ("public.locked (locked_parent_fkey)", SKIP),
        ("public.orphans (orphans_parent_fkey)", FAIL),
    }
    assert {row.observed for row in rows} == {
        "not looked at: another session holds a lock on it",
        "1 of its rows have none",
    }


def test_rows_hidden_by_row_level_security_are_not_counted_as_none(
    server: embedded.Server, conn: psycopg.Connection
) -> None:
    role = f"reader_{uuid.uuid4().hex[:8]}"
    admin = psycopg.connect(server.conninfo(conn.info.dbname, "supabase_admin"), autocommit=True)
    with admin:
        admin.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
        admin.execute("create table public.parent (id int primary key)")
        admin.execute("create table public.child (parent int)")
        admin.execute("insert into public.child values (7)")
        admin.execute(
            "alter table public.child add foreign key (parent) references public.parent not valid"
        )
        admin.execute("alter table public.child enable row level security")
        admin.execute(
            sql.SQL("grant select on public.parent, public.child to {}").format(
                sql.Identifier(role)
            )
        )
        dsn = server.conninfo(conn.info.dbname, role)
        with psycopg.connect(dsn, autocommit=True) as reader:
            [row] = system.validate(reader, only=["101"])
        assert row.verdict == SKIP
        assert f"role {role}, which lacks BYPASSRLS" in row.observed
        admin.execute("alter table public.child disable row level security")
        admin.execute(
            sql.SQL("revoke all on public.parent, public.child from {}").format(
                sql.Identifier(role)
            )
        )
        with psycopg.connect(dsn, autocommit=True) as reader:
            [row] = system.validate(reader, only=["101"])
        assert row.verdict == SKIP
        assert "permission denied" in row.observed
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def test_what_the_budget_does_not_reach_is_a_skip_and_never_a_pass(
    conn: psycopg.Connection,
) -> None:
    conn.execute("create table public.parent (id int primary key)")
    for n in range(60):
        conn.execute(f"create table public.c{n} (parent int references public.parent)")
    conn.execute("create table public.doubtful (parent int)")
    conn.execute("insert into public.doubtful values (7)")
    conn.execute(
        "alter table public.doubtful add foreign key (parent) references public.parent not valid"
    )
    [doubtful, rest] = system.validate(conn, only=["101"], scan_budget_ms=0)
    assert doubtful.object == "public.doubtful (doubtful_parent_fkey)"
    assert doubtful.verdict == FAIL
    assert rest.verdict == SKIP
    assert rest.observed.startswith("60 of 61 not scanned: the budget of 0 ms is used up")
    [all_of_them] = system.validate(conn, only=["101"])
    assert all_of_them.object == doubtful.object


def test_one_broken_scan_does_not_spoil_those_that_go_with_it(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    path = add(
        tmp_path,
        "901_scans.sql",
        "with examined as (select generate_series(1, 30) as n)"
        " select n::text as object, 'all well' as expected,"
        " format('select case when 10 / (%s - 5) = 5 then ''bad'' end', n) as scan,"
        " true as trusted, n as weight from examined",
    )
    path.write_text(path.read_text().replace("-- why", "-- runs: generated\n-- why"))
    rows = system.validate(conn, folders=(tmp_path,))
    assert [(row.object, row.verdict) for row in rows] == [("5", FAIL), ("7", WARN)]
    assert rows[0].observed == "check could not run: division by zero (SQLSTATE 22012)"
    assert rows[1].observed == "bad"


# Silence is not an all-clear


def test_a_check_without_what_it_needs_says_what_is_missing(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    for number, needs in enumerate(
        (
            "role nobody",
            "schema nowhere",
            "relation public.nothing",
            "column auth.users.x",
            "extension none",
        ),
        901,
    ):
        add(tmp_path, f"{number}_needs.sql", QUERY.format(where="false"), needs=needs)
    rows = system.validate(conn, folders=(tmp_path,))
    assert [row.observed for row in rows] == [
        "there is no role nobody here",
        "there is no schema nowhere here",
        "there is no relation public.nothing here",
        "there is no column auth.users.x here",
        "there is no extension none here",
    ]
    assert {row.verdict for row in rows} == {SKIP}


def test_an_empty_database_is_not_given_an_all_clear(conn: psycopg.Connection) -> None:
    rows = system.validate(conn, only=["101", "102", "103", "109", "201"])
    assert {row.verdict for row in rows} == {SKIP}
    assert overall(rows) == SKIP
    assert rows[0].observed == "nothing to look at: no foreign keys here"


def test_a_schema_that_is_not_exposed_is_not_judged_as_if_it_were(conn: psycopg.Connection) -> None:
    conn.execute('create schema "Odd, API"')
    conn.execute('create table "Odd, API".t (id int)')
    [hidden] = system.validate(conn, only=["201"])
    [served] = system.validate(conn, only=["201"], exposed=("public", "Odd, API"))
    assert hidden.verdict == SKIP
    assert (served.object, served.verdict) == ('"Odd, API".t', FAIL)


def test_plain_postgresql_skips_what_speaks_of_supabase_and_checks_the_rest(
    server: embedded.Server, conn: psycopg.Connection
) -> None:
    with (
        psycopg.connect(
            server.conninfo(conn.info.dbname, "supabase_admin"), autocommit=True
        ) as admin,
        admin.transaction(force_rollback=True),
    ):
        admin.execute("alter role anon rename to nobody_1")
        admin.execute("alter role authenticated rename to nobody_2")
        admin.execute("create table public.t (id int)")
        rows = system.examine(admin, checkfile.load())
    by_id = {row.check[:3]: row for row in rows}
    assert by_id["201"].observed == "there is no role anon here"
    assert by_id["108"].verdict == WARN
    assert not [row for row in rows if "could not run" in row.observed]


# The five rows


def test_the_summary_gives_the_five_rows_with_their_worst_verdict(conn: psycopg.Connection) -> None:
    conn.execute("create table public.parent (id int primary key)")
    conn.execute("create table public.child (parent int references public.parent)")
    rows = system.summary(system.validate(conn))
    assert [row.check for row in rows] == list(checkfile.GROUPS)
    verdicts = {row.check: row.verdict for row in rows}
    assert verdicts == {
        "No orphaned records": PASS,
        "All foreign keys valid": PASS,
        "RLS policies not conflicting": SKIP,
        "Performance acceptable": WARN,
        "No security gaps": FAIL,
    }
    assert sum(int(row.object.split()[0]) for row in rows) == len(checkfile.load())


def test_the_summary_of_nothing_is_a_skip_and_of_strangers_an_error() -> None:
    assert {row.verdict for row in system.summary([])} == {SKIP}
    with pytest.raises(Refused, match="belongs to no check"):
        system.summary([Finding("901 Unknown", "", "", "", PASS)])
