"""Files are read exactly, split where PostgreSQL would, and refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook.errors import FileInvalid
from runbook.sql import read_script, split
from runbook.statements.sameness import holds_exactly, same_sql


def script(folder: Path, content: str | bytes):
    path = folder / "x.sql"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_script(path, shown="migrations/x.sql")


def refused(folder: Path, content: str | bytes) -> FileInvalid:
    with pytest.raises(FileInvalid) as caught:
        script(folder, content)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    return caught.value


def test_positions_count_characters_also_after_signs_of_many_bytes():
    text = "-- Größe 🎟\nselect 'ü' ;  select\n  '🎟' as 二;\n\tselect 3"
    found = split(text)
    assert [(s.line, s.column) for s in found] == [(2, 1), (2, 15), (4, 2)]
    assert [text[s.offset : s.offset + len(s.text)] for s in found] == [s.text for s in found]
    assert [s.text for s in found] == ["select 'ü'", "select\n  '🎟' as 二", "select 3"]
    assert found[0].source == "-- Größe 🎟\nselect 'ü'"


def test_a_semicolon_inside_of_a_body_a_literal_or_a_comment_splits_nothing():
    text = (
        "create function f() returns int language plpgsql as $x$ begin; return 1; end; $x$;\n"
        "create function g() returns int language sql begin atomic select 1; select 2; end;\n"
        "select ';' /* ; */ -- ;\n, $$;$$;\n"
        "create rule r as on insert to t do (select 1; select 2);\n"
    )
    assert [s.line for s in split(text)] == [1, 2, 3, 5]


@pytest.mark.parametrize("begin", ["begin", "BEGIN WORK", "start transaction read write"])
@pytest.mark.parametrize("commit", ["commit", "END", "commit work"])
def test_a_begin_and_commit_around_the_whole_file_are_taken_off_with_a_notice(
    tmp_path: Path, begin: str, commit: str
):
    found = script(tmp_path, f"-- head\n{begin};\nselect 1;\n{commit};\n-- tail\n")
    assert [s.text for s in found.statements] == ["select 1"]
    assert "BEGIN on line 2" in found.notices[0]
    assert "COMMIT on line 4" in found.notices[0]


@pytest.mark.parametrize(
    ("text", "line", "kind"),
    [
        ("select 1;\ncommit;\nselect 2;\n", 2, "COMMIT"),
        ("begin;\nselect 1;\ncommit;\nselect 2;\n", 1, "BEGIN"),
        ("begin;\nselect 1;\ncommit;\nbegin;\nselect 2;\ncommit;\n", 3, "COMMIT"),
        ("select 1;\nrollback;\n", 2, "ROLLBACK"),
        ("begin;\nselect 1;\nrollback;\n", 1, "BEGIN"),
        ("select 1;\nsavepoint s;\n", 2, "SAVEPOINT"),
        ("select 1;\nrelease s;\n", 2, "RELEASE"),
        ("select 1;\nprepare transaction 'x';\n", 2, "PREPARE"),
        ("select 1;\ncommit and chain;\n", 2, "COMMIT"),
    ],
)
def test_other_transaction_control_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, kind: str
):
    what = refused(tmp_path, text).what
    assert what.startswith(f"migrations/x.sql, line {line}: {kind}")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("select 1;\n\\d+ t\n", "2:1", "psql meta-command"),
        ("\\set x 1\nselect 1;\n", "1:1", "psql meta-command"),
        ("copy t from stdin;\n1\t2\n\\.\n", "2:1", "rows for COPY … FROM STDIN"),
        ("select 1;\nselct 2;\n", "2:1", 'syntax error at or near "selct"'),
        ("select 'ü';\nselect (1;\n", "2:10", 'syntax error at or near ";"'),
        ("select 'open;\n", "1:8", "unterminated quoted string"),
    ],
)
def test_what_cannot_be_parsed_is_shown_with_a_caret(
    tmp_path: Path, text: str, place: str, words: str
):
    lines = refused(tmp_path, text).what.splitlines()
    assert words in lines[0]
    assert lines[1] == f"migrations/x.sql:{place}"
    assert lines[3].index("^") == len("    1 | ") + int(place.split(":")[1]) - 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select 1;\ncopy t from stdin;\n", "line 2: COPY … FROM STDIN"),
        ("copy t to stdout;\n", "line 1: COPY … TO STDOUT"),
        ("create index concurrently on t (a);\n", "line 1: CREATE INDEX CONCURRENTLY without"),
    ],
)
def test_what_needs_more_than_a_server_is_refused(tmp_path: Path, text: str, words: str):
    assert words in refused(tmp_path, text).what


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\ufeffselect 1;\n".encode(), "line 1: the file starts with a UTF-8 byte order mark"),
        ("select 1;\n".encode("utf-16"), "line 1: the file starts with a UTF-16 byte order mark"),
        ("select 1;\n".encode("utf-16-le"), "line 1: the file holds a NUL byte"),
        ("select 1;\n".encode("utf-32"), "UTF-32 byte order mark"),
        (b"select 1;\r\nselect 2;\r\n", "line 1: the line ends with a carriage return (CRLF)"),
        (b"select 1;\nselect '\0';\n", "line 2: the file holds a NUL byte"),
        (b"select 1;\n\nselect 'M\xfcller';\n", "line 3: byte 0xfc is not UTF-8"),
        (b"select '\xed\xa0\x80';\n", "line 1: byte 0xed is not UTF-8"),
        (b"", "contains no SQL statement"),
        (b"  \n\n", "contains no SQL statement"),
        (b"-- only a comment\n/* and another */\n;;\n", "contains no SQL statement"),
        (b"begin;\ncommit;\n", "contains no SQL statement"),
    ],
)
def test_a_file_that_is_not_exactly_sql_in_utf8_is_refused(
    tmp_path: Path, content: bytes, words: str
):
    error = refused(tmp_path, content)
    assert words in error.what
    assert error.what.startswith("migrations/x.sql")


def test_a_missing_file_is_refused_in_words(tmp_path: Path):
    with pytest.raises(FileInvalid, match="cannot be read: No such file"):
        read_script(tmp_path / "none.sql")


@pytest.mark.parametrize(
    "text",
    [
        "create index concurrently i on t (a)",
        "drop index concurrently i",
        "reindex index concurrently i",
        "reindex (concurrently) table t",
        "reindex schema s",
        "vacuum t",
        "vacuum (full, analyze) t",
        "alter system set work_mem = '1MB'",
        "create database d",
        "drop database d",
        "create tablespace s location '/x'",
        "alter table t detach partition p concurrently",
        "create subscription s connection 'x' publication p",
        "alter database d set tablespace s",
        "cluster",
    ],
)
def test_statements_that_postgresql_runs_only_alone_are_recognised(text: str):
    (statement,) = split(text)
    assert not statement.transactional


@pytest.mark.parametrize(
    "text",
    [
        "create index i on t (a)",
        "reindex table t",
        "analyze t",
        "alter table t detach partition p",
        "alter type e add value 'x'",
        "alter database d set work_mem = '1MB'",
        "cluster t using i",
    ],
)
def test_statements_that_may_share_a_transaction_are_not_kept_apart(text: str):
    (statement,) = split(text)
    assert statement.transactional


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (["select 1"], ["SELECT   1 ;"], True),
        (["-- why\nselect 1 -- what"], ["select 1"], True),
        (["select 1", "select 2"], ["select 1; select 2"], True),
        (["create table T (a INT)"], ["create table t(a integer)"], True),
        (["select 1"], ["select 2"], False),
        (["select 'a b'"], ["select 'ab'"], False),
        (["select 'A'"], ["select 'a'"], False),
        (["select 1", "select 2"], ["select 2", "select 1"], False),
        (["select ';'"], ["select ''"], False),
        (["select 'x -- y'"], ["select 'x '"], False),
    ],
)
def test_two_texts_are_the_same_sql_whatever_their_comments_and_layout(left, right, same):
    assert same_sql(left, right) is same


def test_the_title_is_the_first_line_and_never_long():
    (statement,) = split("create   table\tpublic." + "x" * 200 + " (\n a int)")
    assert statement.title.startswith("create table public.xxx")
    assert len(statement.title) == 72


@pytest.mark.parametrize(
    ("text", "sources", "exact"),
    [
        ("select 1;\n\nselect 2;\n", ["select 1", "select 2"], True),
        ("-- a\nselect 1 ;\n", ["-- a\nselect 1"], True),
        ("select 1;\n", ["select 1", "select 2"], False),
        ("select 1;\nselect 2;\n", ["select 1"], False),
        ("select 'ab';\n", ["select 'a b'"], False),
        ("select 1", ["select", "1"], False),
    ],
)
def test_a_file_is_recognised_without_parsing_only_when_it_is_the_same_to_the_letter(
    text: str, sources: list[str], exact: bool
):
    assert holds_exactly(text, sources) is exact
