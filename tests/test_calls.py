"""Each function and trigger was seen at work in the scenario, or is said to be untested."""

import psycopg
from runbook import scenario, sql
from runbook.findings import PASS, SKIP, WARN
from runbook.promises.promise import promises
from runbook.verification.calls import forget_calls, seen_calls

MADE = """
create table public.t (id int primary key, n int);
create table public.u (id int primary key, n int);
create function public.stamp() returns trigger language plpgsql as
  $$ begin new.n := coalesce(new.n, 0) + 1; return new; end $$;
create function public.alone() returns trigger language plpgsql as
  $$ begin return new; end $$;
create function public.called(int) returns int language plpgsql as $$ begin return $1; end $$;
create function public.forgotten() returns int language plpgsql as $$ begin return 1; end $$;
create function public.plain() returns int language sql as 'select 1';
create function public.pinned() returns int language sql set search_path = '' as 'select 1';
create trigger t_stamp before update on public.t for each row execute function public.stamp();
create trigger u_stamp before update on public.u for each row execute function public.stamp();
create trigger t_alone before insert on public.t for each row execute function public.alone();
create trigger u_alone before delete on public.u for each statement execute function public.alone();
"""
STEPS = """
-- name: rows
-- as: owner
-- expect: 1 affected
insert into public.t values (1, 1);

-- name: an update
-- as: owner
-- expect: 1 affected
update public.t set n = 5;

-- name: calls
-- as: owner
-- expect: 1 row
select public.called(1), public.plain(), public.pinned();
"""


def _seen(conn: psycopg.Connection, made: str = MADE) -> dict[str, tuple[str, str]]:
    conn.execute(made)
    forget_calls(conn)
    steps = scenario.parse(STEPS, file="tests/x.sql")
    with scenario.play(conn, steps) as played:
        rows = seen_calls(conn, promises(sql.split(made)), played.xid)
    assert not [row for row in played.findings if row.verdict != PASS]
    return {row.object: (row.observed, row.verdict) for row in rows}


def test_functions_are_called_or_untested_or_not_counted(conn):
    seen = _seen(conn)
    assert seen["public.called(int)"] == ("called", PASS)
    assert seen["public.pinned()"] == ("called", PASS)
    assert seen["public.forgotten()"] == ("untested: the scenario never calls it", WARN)
    assert seen["public.plain()"][1] == SKIP
    assert "uncounted" in seen["public.plain()"][0]


def test_triggers_that_share_a_function_are_told_apart(conn):
    seen = _seen(conn)
    assert seen["t_stamp on public.t"] == ("fired", PASS)
    # No row of the scenario is in u: the calls were the other trigger's.
    assert seen["u_stamp on public.u"] == (
        "not known: public.stamp was called, and 2 triggers share it",
        SKIP,
    )
    assert seen["t_alone on public.t"][1] == SKIP


def test_a_trigger_with_a_function_of_its_own_fired_or_is_untested(conn):
    seen = _seen(conn, MADE.split("create trigger u_stamp")[0])
    assert seen["t_stamp on public.t"] == ("fired", PASS)
    assert seen["public.alone()"] == ("untested: the scenario never calls it", WARN)


def test_what_was_called_before_the_scenario_does_not_count(conn):
    conn.execute(MADE)
    conn.execute("select public.forgotten()")
    forget_calls(conn)
    with scenario.play(conn, scenario.parse(STEPS, file="tests/x.sql")) as played:
        rows = seen_calls(conn, promises(sql.split(MADE)), played.xid)
    assert ("public.forgotten()", WARN) in {(row.object, row.verdict) for row in rows}


def test_a_server_that_does_not_count_says_nothing_is_known(server, database, conn):
    admin = server.conninfo(conn.info.dbname, "supabase_admin")
    with psycopg.connect(admin, autocommit=True) as other:
        other.execute(f"alter database {conn.info.dbname} set track_functions = 'none'")
    with psycopg.connect(database, autocommit=True) as fresh:
        seen = _seen(fresh)
    assert {verdict for _, verdict in seen.values()} == {SKIP}
    assert "track_functions is none" in seen["public.called(int)"][0]
