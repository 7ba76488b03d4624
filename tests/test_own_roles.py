"""Scenarios and access of a database's own roles, with the settings that its policies read."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from runbook import access, scenario
from runbook.errors import FileInvalid
from runbook.findings import FAIL, PASS, SKIP, WARN
from runbook.scenarios import actor, directives

ROLE = "runbook_test_tenant"
SHOP = """
create schema shop;
create table shop.item (id int primary key, tenant int not null);
alter table shop.item enable row level security;
create policy own on shop.item using
  (tenant = nullif(current_setting('app.tenant', true), '')::int);
"""
ROWS = (
    "-- name: rows\n-- as: owner\n-- expect: 3 affected\n"
    "insert into shop.item values (1, 1), (2, 1), (3, 2);\n\n"
)
AS = (
    "-- name: {0}\n-- as: role runbook_test_tenant{1}\n-- expect: {2}\n"
    "select id from shop.item;\n\n"
)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    conn.execute(SHOP)
    role = Identifier(ROLE)
    conn.execute(SQL("create role {}").format(role))
    conn.execute(SQL("grant {} to current_user").format(role))
    conn.execute(SQL("grant usage on schema shop to {0}").format(role))
    conn.execute(SQL("grant select, insert on shop.item to {0}").format(role))
    yield conn
    conn.execute("drop schema shop cascade")
    conn.execute(SQL("drop role {}").format(role))


def test_a_step_is_played_as_a_role_of_the_database_with_its_own_settings(shop):
    text = (
        ROWS
        + AS.format("nobody's", "", "0 rows")
        + AS.format("the first's", ' settings={"app.tenant":"1"}', "2 rows")
        + AS.format("the second's", ' settings={"app.tenant":"2"}', "1 row")
        + AS.format("nobody's again", "", "0 rows")
    )
    found = scenario.run(shop, directives.parse(text))
    assert [row.verdict for row in found] == [PASS] * 7, found


def test_its_access_is_measured_and_held_against_what_is_declared(shop):
    table = (
        "-- access: shop.item\n"
        "--   role                                              select insert update delete\n"
        '--   role runbook_test_tenant settings={"app.tenant":"1"} 2/3 2/3 none none\n'
        "--   role runbook_test_tenant                           none none all none\n"
        "--   anon                                               none none none none\n"
        "--   service_role                                       none none none none\n"
    )
    found = access.measure(shop, directives.parse(ROWS + table)).findings
    by_role = {row.object: row for row in found if row.check == access.CHECK}
    assert by_role[f"shop.item · role {ROLE} with app.tenant"].verdict == PASS
    assert by_role[f"shop.item · role {ROLE} · update"].verdict == FAIL


def test_a_role_that_a_scenario_names_and_a_table_leaves_out_is_a_warning(shop):
    table = (
        "-- access: shop.item\n--   role select insert update delete\n"
        "--   anon none none none none\n--   service_role none none none none\n"
    )
    text = ROWS + AS.format("nobody's", "", "0 rows") + table
    found = access.measure(shop, directives.parse(text)).findings
    [row] = [row for row in found if row.object == f"shop.item · role {ROLE}"]
    assert row.verdict == WARN
    assert row.observed.startswith("not declared")


def test_an_own_role_that_is_missing_or_cannot_be_taken_is_a_failure(shop):
    missing = "-- name: x\n-- as: role nobody_has_this\n-- expect: error 42501\nselect 1;\n"
    [row] = [r for r in scenario.run(shop, directives.parse(missing)) if r.object == "x"]
    assert (row.verdict, "does not exist" in row.observed) == (FAIL, True)
    shop.execute(SQL("revoke {} from current_user").format(Identifier(ROLE)))
    [row] = [
        r
        for r in scenario.run(shop, directives.parse(AS.format("x", "", "0 rows")))
        if r.object == "x"
    ]
    assert row.verdict == FAIL
    assert f"grant {ROLE} to" in row.observed


def test_where_nobody_can_be_tried_access_is_skipped_and_says_why(shop):
    lonely = directives.parse(ROWS)
    tried = access.Table("shop.item", None, None)
    with scenario.play(shop, lonely) as played:
        tried.ground = access.ground.survey(shop, ["shop.item"], [])["shop.item"]
        tried.find_rows(shop, played.xid, 100)
        [row] = tried.findings()
    assert row.verdict == SKIP
    assert "role <name>" in row.observed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("role", "is not a role's name"),
        ("role odd name", "quote it"),
        ("role anon", "write `anon` without `role`"),
        ('role a claims={"x":1}', "headers and claims belong to a request"),
        ('anon settings={"app.x":"1"}', "settings={…} belongs to `role <name>`"),
        ('role a settings={"role":"postgres"}', "no custom setting"),
        ('role a settings={"app.x":1}', "must be strings"),
        ("annon", "role <a role's name>"),
    ],
)
def test_what_is_no_actor_is_refused_in_words(text: str, says: str):
    with pytest.raises(FileInvalid, match="line 2") as caught:
        directives.parse(f"-- name: x\n-- as: {text}\n-- expect: ok\nselect 1;\n")
    assert says in str(caught.value)


def test_a_quoted_role_keeps_its_signs():
    assert actor.parse('role "Odd ""one"""').become == 'set local role "Odd ""one"""'
    assert actor.parse("role App_RW").role == "app_rw"
