"""A column or table that a PL/pgSQL body mentions and that is not there, found before a call."""

import psycopg
import pytest
from runbook.errors import CheckFailed
from runbook.sql import split
from runbook.statements.bodies import look_into
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLES = "create table public.t (id int, n int); create table public.u (id int, m int);"
FUNCTION = """
create function public.f(a int) returns int language plpgsql as $$
declare x int; r record;
begin
  {}
  return x;
end $$;
"""
TRIGGER = """
create function public.g() returns trigger language plpgsql as $$
begin
  {}
  return new;
end $$;
create trigger g before insert or update on public.t for each row execute function public.g();
"""


def _missing(conn: psycopg.Connection, text: str) -> list[tuple[str, str, bool]]:
    conn.execute(text)
    looked = look_into(conn, split(text))
    assert looked.looked_into == looked.functions >= 1
    assert conn.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
    return list(looked.missing)


@pytest.mark.parametrize(
    "body",
    [
        "select t.gone into x from public.t as t where t.id = a;",
        "update public.t set n = a where gone = 1;",
        "update public.t set gone = a;",
        "insert into public.t (id, gone) values (a, x);",
        "if exists (select 1 from public.t where gone is null) then x := 1; end if;",
        "x := (select max(gone) from public.t);",
        "for r in select gone from public.t loop x := 1; end loop;",
        "perform 1 from public.t where gone = a;",
        "delete from public.t where gone = f.a returning n into x;",
    ],
)
def test_a_missing_column_is_found_wherever_it_stands(conn, body: str):
    ((function, words, may_come),) = _missing(conn, TABLES + FUNCTION.format(body))
    assert (function, may_come) == ("public.f", False)
    assert "gone" in words
    assert "does not exist" in words


@pytest.mark.parametrize(
    "body",
    [
        "select n into x from public.t where id = a and n = x and f.a = 1;",
        "for r in select * from public.t loop x := r.n + r.whatever; end loop;",
        "select t.n into strict x from public.t t where t.id = a; if not found then x = 0; end if;",
        "execute format('select gone from %I', 't') into x;",
        "create temp table made (z int); insert into made values (a); select z into x from made;",
        "insert into public.t (id) values (a) on conflict do nothing returning id into x;",
        "with q as (select id as i from public.t) select i into x from q;",
        "raise exception 'no %', a using errcode = '22023';",
    ],
)
def test_a_sound_body_is_left_alone(conn, body: str):
    assert _missing(conn, TABLES + FUNCTION.format(body)) == []


def test_a_missing_table_may_still_come(conn):
    body = "select id into x from public.later;"
    assert _missing(conn, FUNCTION.format(body)) == [
        ("public.f", 'relation "public.later" does not exist', True)
    ]


@pytest.mark.parametrize("body", ["new.gone := 1;", "if new.gone = old.id then null; end if;"])
def test_a_column_that_the_triggers_table_lacks_is_found(conn, body: str):
    ((function, words, _),) = _missing(conn, TABLES + TRIGGER.format(body))
    assert function == "public.g"
    assert "gone" in words


def test_a_trigger_function_of_two_tables_may_speak_of_either(conn):
    body = "if tg_table_name = 't' then new.n := 1; else new.m := old.m; end if;"
    second = "create trigger g before update on public.u for each row execute function public.g();"
    assert _missing(conn, TABLES + TRIGGER.format(body) + second) == []


def test_names_are_looked_up_where_the_function_looks_them_up(conn):
    text = TABLES + FUNCTION.format("select id into x from t;").replace(
        "language plpgsql", "language plpgsql set search_path = ''"
    )
    assert _missing(conn, text) == [("public.f", 'relation "t" does not exist', True)]


def test_precheck_stops_before_a_body_that_cannot_run_reaches_the_target(project: Project):
    project.sql(TABLES)
    one = project.add("one", FUNCTION.format("select gone into x from public.t;"))
    before = project.fingerprint()
    with pytest.raises(CheckFailed, match='column "gone" does not exist'):
        project.step(one).precheck()
    assert project.fingerprint() == before
    project.file(one).write_text(FUNCTION.format("select n into x from public.t;"))
    told = {row.check: row.observed for row in project.step(one).precheck().itertuples()}
    assert told["Function bodies"] == "1 of 1 PL/pgSQL bodies looked into"
