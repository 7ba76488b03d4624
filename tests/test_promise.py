"""What a file promises: the final state of its statements, read from the parse tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook.promises.promise import Promise, promises, touched
from runbook.sql import split

MIGRATIONS = sorted((Path(__file__).parent.parent / "migrations").glob("*.sql"))


def read(sql: str) -> dict[tuple[str, tuple[str, ...]], Promise]:
    return {(each.kind, each.names): each for each in promises(split(sql))}


def test_a_table_promises_every_column_with_its_properties():
    found = read(
        "create table app.t (id uuid primary key default gen_random_uuid(), name text not null,"
        " n int generated always as identity, twice int generated always as (n * 2) stored,"
        " s bigserial)"
    )
    column = {
        names[2]: each.properties for (kind, names), each in found.items() if kind == "column"
    }
    assert column["id"]["not_null"] is True
    assert column["id"]["default"] == "gen_random_uuid()"
    assert (column["name"]["type"], column["name"]["default"]) == ("text", None)
    assert column["n"]["identity"] == "always"
    assert column["twice"]["generated"] == "stored"
    assert (column["s"]["type"], column["s"]["not_null"]) == ("bigint", True)
    assert ("sequence", ("app", "t_s_seq")) in found
    assert found["constraint", ("app", "t", "t_pkey")].properties["columns"] == ("id",)


def test_nameless_constraints_and_indexes_get_the_names_postgresql_gives():
    found = read(
        "create table t (a int unique, b int references u (x), c int check (c > 0),"
        " check (a < c), unique (a, b), exclude using gist (c with =));"
        "create index on t (lower(a::text), b); create index on t (b) include (c);"
        "alter table t add check (c > 1)"
    )
    names = {names[-1] for kind, names in found if kind in {"constraint", "index"}}
    assert names == {
        *("t_a_key", "t_b_fkey", "t_c_check", "t_check", "t_a_b_key", "t_c_excl", "t_c_check1"),
        *("t_lower_b_idx", "t_b_c_idx"),
    }


def test_long_names_are_cut_as_the_server_cuts_them(conn):
    table, column = "a_table_with_a_rather_long_name_of_its_own", "and_a_column_that_is_as_long"
    sql = (
        f"create table {table} (id int primary key, {column} int references {table},"
        f" unique (id, {column})); create index on {table} ({column})"
    )
    conn.execute(sql)
    rows = conn.execute(
        "select conname from pg_constraint where conrelid = %s::regclass and contype <> 'n'"
        " union select indexrelid::regclass::text from pg_index where indrelid = %s::regclass",
        [table, table],
    ).fetchall()
    found = {names[-1] for kind, names in read(sql) if kind in {"constraint", "index"}}
    assert found == {name for (name,) in rows}


def test_later_statements_decide_what_is_promised():
    found = read(
        "create table t (a int, b int, c int);"
        "alter table t drop column b, alter column a type bigint, alter column a set not null,"
        " add column d text default 'x', enable row level security;"
        "alter table t rename column c to e;"
        "create policy p on t using (true); drop policy p on t;"
        "create index i on t (a); drop index i;"
        "create view v as select 1; drop view v; create view v with (security_invoker) as select 2"
    )
    column = {
        names[2]: each for (kind, names), each in found.items() if kind == "column" and each.present
    }
    assert set(column) == {"a", "d", "e"}
    assert column["a"].properties["type"] == "bigint"
    assert column["a"].properties["not_null"] is True
    assert found["table", ("public", "t")].properties["rls"] is True
    assert not found["policy", ("public", "t", "p")].present
    assert not found["index", ("public", "i")].present
    assert found["view", ("public", "v")].properties["security_invoker"] is True


def test_a_renamed_table_takes_everything_with_it():
    found = read(
        "create table old (id int primary key, x int check (x > 0)); create index i on old (x);"
        "create policy p on old using (true); comment on column old.x is 'y';"
        "grant select on old to anon; alter table old rename to new"
    )
    present = {key for key, each in found.items() if each.present}
    assert ("table", ("public", "new")) in present
    assert ("column", ("public", "new", "x")) in present
    assert ("constraint", ("public", "new", "old_pkey")) in present
    assert ("policy", ("public", "new", "p")) in present
    assert ("comment", ("column", "public", "new", "x")) in present
    assert ("grant", ("table", "public", "new")) in present
    assert found["index", ("public", "i")].properties["table"] == ("public", "new")
    assert not found["table", ("public", "old")].present


def test_a_dropped_table_promises_absence_and_nothing_else():
    found = read(
        "create table t (id int primary key); create index i on t (id); comment on table t is 'x';"
        "create policy p on t using (true); grant select on t to anon; drop table t"
    )
    assert list(found) == [("table", ("public", "t"))]
    assert not found["table", ("public", "t")].present


def test_the_order_of_grants_and_revokes_is_kept():
    found = read("grant all on t to anon; revoke insert on t from anon; grant select (a) on t to b")
    said = found["grant", ("table", "public", "t")].properties["said"]
    assert said == ((True, (), ("anon",), False), (False, ("insert",), ("anon",), False))
    assert ("grant", ("column", "public", "t", "a")) in found


def test_unqualified_names_follow_the_search_path_of_the_file():
    assert ("table", ("public", "t")) in read("create table t (id int)")
    assert ("table", ("app", "t")) in read("set search_path = app, public; create table t (id int)")
    dumped = "select pg_catalog.set_config('search_path', '', false); create table app.t (id int)"
    assert read(dumped)["table", ("app", "t")].path == ()
    both = "create table app.t (id int); set search_path = public, app; alter table t add x int"
    assert ("column", ("app", "t", "x")) in read(both)


def test_enum_labels_end_in_the_order_of_all_statements():
    found = read(
        "create type e as enum ('a', 'c'); alter type e add value 'b' before 'c';"
        "alter type e add value 'd'; alter type e rename value 'a' to 'z'"
    )
    assert found["type", ("public", "e")].properties["labels"] == ("z", "b", "c", "d")


def test_functions_are_told_apart_by_their_arguments():
    found = read(
        "create function f(a int, out b text) returns text language sql stable security definer"
        " set search_path = '' as 'select 1';"
        "create function f(a text) returns trigger language plpgsql as '';"
        "comment on function f(integer) is 'first'; drop function f(text)"
    )
    first = found["function", ("public", "f", "int")].properties
    assert first["volatility"] == "stable"
    assert first["security"] == "definer"
    assert first["search_path"] == ("",)
    assert ("comment", ("function", "public", "f", "int")) in found
    assert not found["function", ("public", "f", "text")].present


@pytest.mark.parametrize(
    ("sql", "may_change"),
    [
        ("do $$ begin execute 'create table t ()'; end $$", True),
        ("select cron.schedule('x', '* * * * *', 'select 1')", True),
        ("insert into t values (1)", False),
        ("update t set a = 1", False),
        ("create operator === (leftarg = int, rightarg = int, function = int4eq)", True),
    ],
)
def test_what_cannot_be_told_from_the_text_is_not_read(sql, may_change):
    (found,) = promises(split("\n\n" + sql))
    assert found.kind == "not read"
    assert found.line == 3
    assert found.properties["may_change"] is may_change
    assert found.properties["reason"]


def test_an_unknown_statement_is_never_silent():
    found = promises(split("security label on table t is 'x'; load 'nothing'; reindex table t"))
    assert [each.kind for each in found] == ["not read", "not read"]


def test_temporary_tables_promise_nothing():
    assert (
        promises(split("create temporary table t (id int); create temp view v as select 1")) == []
    )


def test_touched_names_the_relations_of_a_file():
    found = promises(
        split(
            'create table "A" (id int references b); create policy p on c using (true);'
            "create function f() returns int language sql as 'select 1'"
        )
    )
    assert set(touched(found)) == {'public."A"', "public.b", "public.c"}


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_every_statement_of_eventos_is_read(path):
    unread = [each for each in promises(split(path.read_text())) if each.kind == "not read"]
    assert all(each.names[0].startswith("INSERT") for each in unread)
