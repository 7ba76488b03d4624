"""Promise against catalog: what is missing, different or unasked for is found and named."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from promising import SHOP, observed, run, verified
from runbook.catalog import diff, snapshot
from runbook.findings import FAIL, PASS, SKIP, WARN, Finding, failed
from runbook.promises.promise import promises
from runbook.sql import split
from runbook.verify import checklist, unexpected, verify

MIGRATIONS = sorted((Path(__file__).parent.parent / "migrations").glob("*.sql"))
MANY_FORMS = sorted((Path(__file__).parent / "many_forms").glob("*.sql"))


def test_a_file_that_ran_keeps_all_its_promises(conn):
    rows = verified(conn, SHOP, SHOP)
    assert [row for row in rows if row.verdict != PASS] == []
    assert {row.check for row in rows} == {
        *("Tables created", "RLS enabled", "Policies created", "Indexes created"),
        *("Foreign keys working", "Triggers functioning", "Functions executable"),
        *("Columns", "Constraints", "Views", "Types", "Grants", "Comments"),
    }
    columns = [row for row in rows if row.check == "Columns"]
    assert columns == [
        Finding("Columns", "public.shops", "7 columns as written", "7 columns as written", PASS)
    ]


def test_the_checklist_counts_and_keeps_the_worst_verdict(conn):
    rows = verified(conn, SHOP, SHOP.replace("create index shops_tags_idx", "create index other"))
    summary = {row.check: (row.observed, row.verdict) for row in checklist(rows)}
    assert summary["Tables created"] == ("1 of 1", PASS)
    assert summary["Indexes created"] == ("2 of 3", FAIL)
    assert summary["Functions executable"] == ("2 of 2", PASS)
    assert {row.observed for row in checklist([])} == {"none promised"}
    assert {row.verdict for row in checklist([])} == {SKIP}


@pytest.mark.parametrize(
    ("written", "applied", "check", "told"),
    [
        ("varchar(80)", "varchar(90)", "Columns", "name: type is character varying(90)"),
        ("numeric(10, 2)", "numeric(10, 3)", "Columns", "price: type is numeric(10,3)"),
        ("text[]", "jsonb", "Columns", "tags: type is jsonb, not text[]"),
        ("uuid not null ref", "uuid ref", "Columns", "owner_id: not null is no, not yes"),
        ("tags text[] not null default '{}'", "tags text[] not null", "Columns", "default is miss"),
        ("check (price >= 0)", "", "Constraints", "shops_price_check on public.shops: missing"),
        (
            "on delete cascade",
            "on delete restrict",
            "Foreign keys working",
            "on delete is restrict",
        ),
        ("on delete cascade", "", "Foreign keys working", "on delete is no action, not cascade"),
        ("using gin (tags)", "(tags)", "Indexes created", "method is btree, not gin"),
        ("create unique index", "create index", "Indexes created", "unique is no, not yes"),
        ("where price > 0", "", "Indexes created", "predicate is missing"),
        ("for select to auth", "for all to auth", "Policies created", "command is all, not select"),
        ("to authenticated", "to anon", "Policies created", "roles is anon, not authenticated"),
        ("before update", "after update", "Triggers functioning", "timing is after, not before"),
        ("language sql stable", "language sql", "Functions executable", "volatility is volatile"),
        ("new.at = now(); ", "", "Functions executable", "the body is not the one written"),
        ("security_invoker = true", "security_barrier", "Views", "security_invoker is off"),
        ("'s', 'm', 'l'", "'s', 'l', 'm'", "Types", "labels is s, l, m, not s, m, l"),
        ("'Shops.'", "'Shop.'", "Comments", "comment on table public.shops reads otherwise"),
        ("public, anon;", "public;", "Grants", "too many: execute to anon"),
        ("revoke all on public.shops from anon", "select 1", "Grants", "too many: delete"),
        ("enable row level", "disable row level", "RLS enabled", "public.shops: off"),
    ],
)
def test_a_property_that_differs_is_told_with_both_sides(conn, written, applied, check, told):
    assert written in SHOP
    rows = verified(conn, SHOP, SHOP.replace(written, applied))
    assert told in observed(failed(rows), check)


def test_every_missing_object_is_named(conn):
    rows = verified(conn, SHOP, "select 1")
    assert {row.object for row in failed(rows) if row.observed == "missing"} >= {
        *("public.shops", '"owners read" on public.shops', "public.shops_tags_idx"),
        *("shops_owner_id_fkey on public.shops", "shops_touch on public.shops"),
        *("public.cheap(numeric)", "public.names", "public.size"),
    }
    assert not [row for row in rows if row.verdict == PASS]


def test_types_compare_however_they_are_spelled(conn):
    sql = (
        "create domain public.many as text[]; create type public.point3 as (x float8, y float4);"
        "create table public.t (a int4, b bool, c varchar, d char(3), e bpchar, f timestamptz(3),"
        " g decimal, h float, i bit varying(5), j int[][], k public.many, l many[], m serial,"
        ' n extensions.vector(3), o interval day to second, p public.point3[], q "char");'
    )
    if not conn.execute("select 1 from pg_extension where extname = 'vector'").fetchone():
        conn.execute("create extension vector with schema extensions")
    conn.execute("set search_path = public, extensions")
    rows = verified(conn, sql, sql)
    assert observed(failed(rows), "Columns") == ""
    assert observed(failed(rows), "Types") == ""


def test_a_new_public_table_without_rls_is_exposed(conn):
    rows = verified(conn, "create table public.t (id int)", "create table public.t (id int)")
    assert "everyone who can reach the API" in observed(failed(rows), "RLS enabled")
    conn.execute("create schema app")
    hidden = "create table app.t (id int)"
    assert failed(verified(conn, hidden, hidden)) == []


def test_rls_without_any_policy_is_a_warning(conn):
    sql = "create table public.t (id int); alter table public.t enable row level security"
    rows = verified(conn, sql, sql)
    assert [row.check for row in rows if row.verdict == WARN] == ["RLS enabled"]


def test_a_foreign_key_without_an_index_is_a_warning(conn):
    sql = SHOP.replace("create index shops_owner_id_idx on public.shops (owner_id);", "")
    (row,) = [row for row in verified(conn, sql, sql) if row.verdict == WARN]
    assert row.check == "Foreign keys working"
    assert "no index leads with (owner_id)" in row.observed


def test_a_definer_without_a_pinned_search_path_fails(conn):
    sql = "create function public.f() returns int language sql security definer as 'select 1'"
    rows = verified(conn, sql, sql)
    assert "without a pinned search_path" in observed(failed(rows), "Functions executable")


def test_a_body_broken_by_a_later_statement_is_found(conn):
    sql = (
        "create schema app; create table app.t (id int, gone int);"
        "create function app.f() returns int language sql as 'select max(gone) from app.t';"
        "alter table app.t drop column gone"
    )
    rows = verified(conn, sql, sql)
    assert 'column "gone" does not exist' in observed(failed(rows), "Functions executable")


def test_a_revoke_that_public_undoes_is_a_warning(conn):
    sql = (
        "create schema app; create function app.f() returns int language sql as 'select 1';"
        "revoke execute on function app.f() from anon"
    )
    rows = verified(conn, sql, sql)
    (row,) = [row for row in rows if row.check == "Grants"]
    assert (row.verdict, "through PUBLIC" in row.observed) == (WARN, True)


def test_rights_given_wholesale_are_checked_on_what_was_there_before(conn):
    run(conn, "create schema app; create table app.old (id int); create table app.older (id int)")
    sql = (
        "create table app.new (id int); grant select on all tables in schema app to anon;"
        "alter default privileges in schema app grant insert on tables to authenticated;"
        "alter default privileges revoke execute on functions from public"
    )
    missing = failed(verify(conn, promises(split(sql))))
    assert "anon lacks rights on app.old; anon lacks rights on app.older" in observed(
        missing, "Grants"
    )
    told = observed(missing, "Grants")
    assert "tables of current_user in app to authenticated: missing: insert" in told
    assert "functions of current_user to public: too many: execute" in told
    assert failed(verified(conn, sql, sql)) == []


def test_a_revoked_grant_option_leaves_the_right(conn):
    sql = (
        "create schema app; create table app.t (id int); grant select, insert on app.t to anon"
        " with grant option; revoke grant option for select on app.t from anon"
    )
    assert failed(verified(conn, sql, sql)) == []


def test_an_invalid_index_fails(conn):
    sql = "create schema app; create table app.t (a int); create unique index i on app.t (a)"
    run(conn, sql.rpartition(";")[0])
    conn.execute("insert into app.t values (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("create unique index concurrently i on app.t (a)")
    rows = verify(conn, promises(split(sql)))
    assert "INVALID" in observed(failed(rows), "Indexes created")


def test_dropped_and_renamed_objects_are_promised_gone(conn):
    run(conn, SHOP)
    change = (
        'drop policy "owners read" on public.shops; drop index public.shops_tags_idx;'
        "drop view public.names; alter table public.shops drop column total;"
        "alter table public.shops rename column name to title;"
        "alter table public.shops rename to stores; drop function public.cheap(numeric)"
    )
    assert {row.verdict for row in failed(verify(conn, promises(split(change))))} == {FAIL}
    with conn.transaction(force_rollback=True):
        conn.execute("drop function public.cheap(numeric)")
        run(conn, change.rpartition(";")[0])
        assert failed(verify(conn, promises(split(change)))) == []


def test_what_cannot_be_read_is_a_skip_and_never_a_pass(conn):
    sql = "do $$ begin perform 1; end $$; insert into auth.users (id) values (gen_random_uuid())"
    rows = verified(conn, sql, sql)
    assert [(row.check, row.verdict) for row in rows] == [("Not read", SKIP), ("Not read", SKIP)]
    assert rows[0].object == "DO block, line 1"


def test_against_a_twin_expressions_must_be_equal(conn):
    with conn.transaction(force_rollback=True):
        run(conn, SHOP)
        twin = snapshot(conn)
    told = SHOP.replace("price >= 0", "price >= -1").replace("auth.uid()", "auth.uid() limit 1")
    run(conn, told)
    promised = promises(split(SHOP))
    assert failed(verify(conn, promised)) == []
    wrong = {row.check for row in failed(verify(conn, promised, expected=twin))}
    assert wrong == {"Constraints", "Policies created"}


def test_verify_changes_nothing_and_works_inside_a_transaction(conn):
    with conn.transaction():
        run(conn, "set local search_path = extensions, public;" + SHOP)
        before = snapshot(conn)
        assert failed(verify(conn, promises(split(SHOP)))) == []
        assert conn.execute("show search_path").fetchone() == ("extensions, public",)
        assert diff(before, snapshot(conn)) == []


def test_many_forms_of_ddl_keep_their_promises_and_do_nothing_else(conn):
    for path in MANY_FORMS:
        statements = split(path.read_text())
        promised = promises(statements)
        before = snapshot(conn)
        with conn.transaction():
            for statement in statements:
                conn.execute(statement.text)
            after = snapshot(conn)
            assert failed(verify(conn, promised, expected=after)) == [], path.name
        assert unexpected(diff(before, after), promised) == [], path.name
        assert not [each for each in promised if each.kind == "not read"], path.name
        conn.execute("reset all")


def test_every_eventos_migration_keeps_its_promises_and_does_nothing_else(conn):
    for path in MIGRATIONS:
        statements = split(path.read_text())
        promised = promises(statements)
        before = snapshot(conn)
        with conn.transaction():
            for statement in statements:
                conn.execute(statement.text)
            rows = verify(conn, promised)
        assert failed(rows) == [], path.name
        assert unexpected(diff(before, snapshot(conn)), promised) == [], path.name


# Grants that repeat what default privileges give anyway: leaving them out changes nothing.
REPEATS = ("grant execute", "insert")


def test_every_dropped_statement_of_one_migration_is_noticed(conn):
    survivors = survivors_without_one_statement(conn, MIGRATIONS[:2], mutate=MIGRATIONS[1:2])
    assert [each for each in survivors if not each.startswith(REPEATS)] == []


@pytest.mark.slow
def test_every_dropped_statement_of_eventos_is_noticed(conn):
    survivors = survivors_without_one_statement(conn, MIGRATIONS, mutate=MIGRATIONS)
    assert [each for each in survivors if not each.startswith(REPEATS)] == []


def survivors_without_one_statement(
    conn: psycopg.Connection, paths: list[Path], *, mutate: list[Path]
) -> list[str]:
    """Each migration minus one statement, against the promises of the whole file."""
    survivors = []
    for path in paths:
        statements = split(path.read_text())
        promised = promises(statements)
        for left_out in statements if path in mutate else ():
            with conn.transaction(force_rollback=True):
                try:
                    with conn.transaction():
                        for statement in statements:
                            if statement is not left_out:
                                conn.execute(statement.text)
                except psycopg.Error:
                    continue  # the file does not run without it: noticed by the server
                if not failed(verify(conn, promised)):
                    survivors.append(f"{left_out.title} ({path.name}, line {left_out.line})")
        with conn.transaction():
            for statement in statements:
                conn.execute(statement.text)
    return survivors
