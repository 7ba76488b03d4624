"""The runner of the checks changes nothing, hides nothing, and calls no silence an all-clear."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from runbook import embedded, system
from runbook.checking import checkfile
from runbook.errors import FileInvalid, Refused
from runbook.findings import FAIL, PASS, SKIP, WARN, Finding, overall
from runbook.performance import measure
from runbook.plan import Plan
from runbook.populate import fill, shape
from runbook.populate.fit import Samples
from runbook.validation import again

PLAN = Plan(project="Odd", root=Path(), baseline=(), phases=())

HEADER = """\
-- title: {title}
-- group: No security gaps
-- level: WARN
-- needs: {needs}
-- examines: things
-- why: Because
--   it matters.
-- mend: Mend it.
"""
QUERY = """\
with examined as (select 1 as n)
select n::text as object, 'none' as expected, 'one' as observed from examined where {where};
"""


def add(
    folder: Path, name: str, query: str, *, title: str = "A promise", needs: str = "nothing"
) -> Path:
    path = folder / name
    path.write_text(HEADER.format(title=title, needs=needs) + query, encoding="utf-8")
    return path


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


# Any schema


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


# Check files


def test_a_project_adds_its_own_checks(conn: psycopg.Connection, tmp_path: Path) -> None:
    query = (
        "with examined as (select * from tables) select name as object, 'a comment' as expected,"
        " 'none' as observed from examined where obj_description(oid) is null"
    )
    own = tmp_path / "migrations" / "checks"
    assert system.folders_of(tmp_path) == (checkfile.default_folder(),)
    own.mkdir(parents=True)
    add(own, "901_comments.sql", query, title="Tables have comments")
    conn.execute("create table public.silent ()")
    folders = system.folders_of(tmp_path)
    rows = system.validate(conn, folders=folders)
    assert rows[-1] == ("901 Tables have comments", "public.silent", "a comment", "none", WARN)
    assert len(system.summary(rows, checkfile.load(folders))) == 5


def test_two_checks_with_one_id_are_refused(tmp_path: Path) -> None:
    add(tmp_path, "101_mine.sql", QUERY.format(where="false"))
    with pytest.raises(FileInvalid, match="the id 101 belongs to"):
        checkfile.load((checkfile.default_folder(), tmp_path))


def test_an_unknown_id_or_folder_is_refused(conn: psycopg.Connection, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no check 000"):
        system.validate(conn, only=["000"])
    with pytest.raises(FileInvalid, match="no such folder"):
        system.validate(conn, folders=(tmp_path / "nowhere",))


GOOD = HEADER.format(title="A promise", needs="nothing") + QUERY.format(where="true")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (GOOD.replace("-- why:", "-- reason:"), 6, "unknown key 'reason'"),
        (GOOD.replace("-- why:", "-- title:"), 6, "the key 'title' appears twice"),
        (GOOD.replace("-- mend: Mend it.\n", ""), 1, "the header lacks 'mend'"),
        (GOOD.replace("Mend it.", ""), 8, "the header lacks 'mend'"),
        (GOOD.replace("-- mend:", "-- mend"), 8, "a header line reads"),
        (GOOD.replace("WARN", "INFO"), 3, "'level' must be one of"),
        (GOOD.replace("No security gaps", "Security"), 2, "'group' must be one of"),
        (GOOD.replace("needs: nothing", "needs: table x"), 4, "'needs' lists"),
        (GOOD.replace("needs: nothing", "needs: role"), 4, "'needs' lists"),
        (GOOD.replace("-- why", "-- runs: twice\n-- why"), 6, "'runs' must be one of"),
        (GOOD.replace("-- why", "-- runs: generated\n-- why"), 10, "the columns must be"),
        (
            GOOD.replace("as observed", "as seen"),
            9,
            "the columns must be object, expected, observed",
        ),
        (GOOD.replace("examined", "looked"), 9, "no CTE named 'examined'"),
        (GOOD.replace("select 1 as n", "selec 1"), 9, "syntax error"),
        (GOOD + "\n-- and\nselect 1;", 13, "a check is one statement; here are 2"),
        (HEADER.format(title="x", needs="nothing"), 1, "a check is one statement; here are 0"),
        (HEADER.format(title="x", needs="nothing") + "drop table x;", 9, "a check is a SELECT"),
        (HEADER.format(title="x", needs="nothing") + "explain select 1;", 9, "a check is a SELECT"),
        (GOOD.replace(" from examined", " into x from examined"), 9, "a check only reads"),
        (GOOD.replace(";", " for update;"), 9, "a check only reads"),
        (
            GOOD.replace("with ", "with gone as (delete from t returning 1), "),
            9,
            "a check only reads; here is delete_stmt",
        ),
        (GOOD.replace("with ", "with tables as (select 1), "), 9, "a word of the vocabulary"),
    ],
)
def test_a_check_file_that_is_not_as_agreed_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    path = tmp_path / "901_wrong.sql"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileInvalid) as caught:
        checkfile.read(path)
    assert f"{path}, line {line}: " in str(caught.value)
    assert said in str(caught.value)


def test_a_check_file_with_a_bad_name_or_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "check.sql").write_text(GOOD)
    with pytest.raises(FileInvalid, match="the name must be"):
        checkfile.load((tmp_path,))
    (tmp_path / "check.sql").unlink()
    (tmp_path / "901_latin.sql").write_bytes(GOOD.replace("matters", "mättert").encode("latin-1"))
    with pytest.raises(FileInvalid, match="line 7: this is not UTF-8"):
        checkfile.load((tmp_path,))
