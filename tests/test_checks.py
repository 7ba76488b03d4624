"""Every check fires on its bad.sql, on exactly the objects listed there, and not on good.sql."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from runbook import embedded, system
from runbook.checking import checkfile
from runbook.findings import PASS, Finding

CASES = Path(__file__).parent / "checks"
FIRES_ON = "-- fires on: "
PATHS = sorted(
    path for path in checkfile.default_folder().glob("*.sql") if path.name != checkfile.VOCABULARY
)
every_check = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def shaped(server: embedded.Server) -> Iterator[psycopg.Connection]:
    """One database for the whole file: each case is played inside a transaction and taken back."""
    name = f"checks_{uuid.uuid4().hex[:8]}"
    embedded.database(server, name)
    with psycopg.connect(server.conninfo(name, "supabase_admin"), autocommit=True) as connection:
        yield connection
    embedded.drop(server, name)


@pytest.fixture
def played(shaped: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with shaped.transaction(force_rollback=True):
        shaped.execute("set local role postgres")
        yield shaped


def ask(conn: psycopg.Connection, check: checkfile.Check) -> list[Finding]:
    """What the check finds at this point of the open transaction."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local role postgres")
        return system.examine(conn, [check])


def problems(conn: psycopg.Connection, check: checkfile.Check) -> list[str]:
    return sorted(row.object for row in ask(conn, check) if row.verdict == check.level)


def expected(bad: Path) -> list[str]:
    lines = bad.read_text(encoding="utf-8").splitlines()
    return sorted(
        line.removeprefix(FIRES_ON).replace("\\n", "\n")
        for line in lines
        if line.startswith(FIRES_ON)
    )


@every_check
def test_it_fires_on_exactly_the_objects_that_are_bad(
    played: psycopg.Connection, path: Path
) -> None:
    check, bad = checkfile.read(path), CASES / path.stem / "bad.sql"
    before = problems(played, check)
    played.execute(bad.read_text(encoding="utf-8"))
    rows = ask(played, check)
    after = sorted(row.object for row in rows)
    for known in before:
        after.remove(known)
    assert expected(bad), f"{bad} lists no object with '{FIRES_ON}'"
    assert sorted(set(after)) == expected(bad)
    assert {row.verdict for row in rows} == {check.level}


@every_check
def test_the_mended_form_is_clean_and_was_looked_at(played: psycopg.Connection, path: Path) -> None:
    check = checkfile.read(path)
    before = problems(played, check)
    played.execute((CASES / path.stem / "good.sql").read_text(encoding="utf-8"))
    assert problems(played, check) == before
    if not before:
        [row] = ask(played, check)
        assert row.verdict == PASS, row


def test_every_check_has_its_pair_and_every_pair_its_check() -> None:
    assert [path.stem for path in PATHS] == sorted(path.name for path in CASES.iterdir())
    for path in PATHS:
        assert {case.name for case in (CASES / path.stem).iterdir()} == {"good.sql", "bad.sql"}


@every_check
def test_every_header_key_is_there(path: Path) -> None:
    header = path.read_text(encoding="utf-8").split("\nwith", 1)[0]
    for key in checkfile.REQUIRED:
        assert f"-- {key}: " in header


def test_every_row_of_the_checklist_has_checks() -> None:
    assert {check.group for check in checkfile.load()} == set(checkfile.GROUPS)


@pytest.mark.parametrize(
    ("case", "role", "statement", "state"),
    [
        ("210_policy_recursion/bad", "anon", "select from public.profiles", "42P17"),
        ("210_policy_recursion/bad", "authenticated", "select from public.teams", "42P17"),
        ("210_policy_recursion/bad", "authenticated", "select from public.members", "42P17"),
        (
            "210_policy_recursion/bad",
            "authenticated",
            "insert into public.posts values (1)",
            "42P17",
        ),
        (
            "210_policy_recursion/bad",
            "authenticated",
            "insert into public.votes values (1)",
            "42P17",
        ),
        ("210_policy_recursion/bad", "anon", "select from public.x", "42P17"),
        ("210_policy_recursion/bad", "authenticated", "select from public.posts", None),
        ("210_policy_recursion/good", "authenticated", "select from public.teams", None),
        ("210_policy_recursion/good", "authenticated", "insert into public.votes values (1)", None),
        ("210_policy_recursion/good", "authenticated", "select from public.notes", None),
        ("210_policy_recursion/good", "anon", "select from public.a", None),
        ("209_policy_unreadable/bad", "anon", "select from public.t", "42501"),
        ("209_policy_unreadable/bad", "authenticated", "delete from public.u where true", "42501"),
        ("209_policy_unreadable/bad", "authenticated", "select from public.w", "42501"),
        ("209_policy_unreadable/good", "authenticated", "select team from public.t", None),
    ],
)
def test_the_server_agrees_with_what_is_said_about_policies(
    played: psycopg.Connection, case: str, role: str, statement: str, state: str | None
) -> None:
    played.execute((CASES / f"{case}.sql").read_text(encoding="utf-8"))
    played.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    try:
        with played.transaction():
            played.execute(statement)
        met = None
    except psycopg.Error as error:
        met = error.sqlstate
    assert met == state
