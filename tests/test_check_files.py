"""Check files: a project adds its own; what is not as agreed is refused with its line."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from made_checks import HEADER, QUERY, add
from runbook import system
from runbook.checking import checkfile
from runbook.errors import FileInvalid, Refused
from runbook.findings import WARN


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
