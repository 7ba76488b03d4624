"""Promises of scenario files: what may stand in them; the rest is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook import scenario
from runbook.errors import FileInvalid

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
        (GOOD.replace("as: owner", "as: anon headers={} header={}"), 2, "is none of headers"),
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
