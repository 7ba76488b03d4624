"""Promises of the actors of a scenario: who they are at the moment of the statement."""

from __future__ import annotations

import dataclasses
import uuid

import psycopg
from playing import last, play, step
from runbook import scenario
from runbook.findings import FAIL, PASS, SKIP
from runbook.scenarios import actor

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
