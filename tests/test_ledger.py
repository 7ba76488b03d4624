"""The ledger: append-only, chained, free of secrets, with one chain for all writers."""

from __future__ import annotations

import json

import psycopg
import pytest
from runbook import ledger
from runbook.findings import PASS, Finding
from runbook.ledger import Author
from runbook.records import journal
from sandbox import Background, Project

pytest_plugins = ("engine_fixtures",)

ADA = Author("run1", "ada")


@pytest.fixture
def filled(project: Project) -> Project:
    with project.connect() as conn:
        for number in range(4):
            ledger.record(conn, ADA, stage="note", state="done", version="1", text=f"n{number}")
    return project


def test_looking_never_creates_it(project: Project):
    with project.connect() as conn:
        assert ledger.read(conn) == []
        assert not ledger.exists(conn)


def test_events_come_back_in_order_with_their_findings(project: Project):
    row = Finding("RLS enabled", "public.t", "on", "on", PASS)
    with project.connect() as conn:
        ledger.record(
            conn, ADA, stage="verify", state="passed", version="7", phase="one", findings=[row], n=3
        )
        ledger.record(conn, ADA, stage="note", state="done", version="8", text="x")
        (event,) = ledger.read(conn, "7")
        assert [e.seq for e in ledger.read(conn)] == [1, 2]
    assert event.findings == [row]
    assert event.detail["n"] == 3
    assert (event.run, event.operator, event.phase) == ("run1", "ada", "one")


@pytest.mark.parametrize(
    "attempt",
    [
        "update runbook.events set operator = 'eve'",
        "delete from runbook.events where seq = 2",
        "truncate runbook.events",
    ],
)
def test_it_refuses_to_be_rewritten(filled: Project, attempt: str):
    with filled.connect() as conn, pytest.raises(psycopg.Error, match="append-only"):
        conn.execute(attempt)
    assert len(filled.events()) == 4


def test_a_writer_cannot_choose_its_place_or_time(filled: Project):
    filled.sql(
        "insert into runbook.events (seq, at, run, operator, phase, version, stage, state, detail,"
        " previous, hash) values (99, '2000-01-01', 'r', 'eve', '', '', 'note', 'done', '{}', 'x',"
        " 'y')"
    )
    last = filled.events()[-1]
    assert last.seq == 5
    assert last.at.year > 2020
    with filled.connect() as conn:
        assert ledger.broken_at(conn) is None


@pytest.mark.parametrize(
    ("forgery", "place"),
    [
        ("update runbook.events set operator = 'eve' where seq = 2", 2),
        ('update runbook.events set detail = \'{"text": "other"}\' where seq = 3', 3),
        ("update runbook.events set at = at + interval '1 microsecond' where seq = 3", 3),
        ("delete from runbook.events where seq = 2", 3),
        ("delete from runbook.events where seq = 1", 2),
        (
            "update runbook.events set seq = -seq where seq in (2, 3);"
            " update runbook.events set seq = 5 + seq where seq < 0",
            2,
        ),
        (
            "update runbook.events set operator = 'eve' where seq = 2; update runbook.events e"
            " set hash = runbook.digest(e) where seq = 2",
            3,
        ),
    ],
    ids=["changed", "detail", "time", "removed", "first removed", "reordered", "rehashed"],
)
def test_a_change_made_with_the_triggers_off_shows(filled: Project, forgery: str, place: int):
    with filled.connect("supabase_admin") as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(forgery)
    with filled.connect() as conn:
        assert ledger.broken_at(conn) == place


def test_times_are_utc_however_the_session_is_set(filled: Project):
    with filled.connect() as conn:
        plain = [(e.at, e.hash) for e in ledger.read(conn)]
        conn.execute("set timezone = 'Pacific/Kiritimati'")
        conn.execute("set datestyle = 'German'")
        assert [(e.at, e.hash) for e in ledger.read(conn)] == plain
        assert f"{ledger.read(conn)[0].at:%z}" == "+0000"
        ledger.record(conn, ADA, stage="note", state="done")
        assert ledger.broken_at(conn) is None


def test_secrets_never_reach_it(project: Project):
    with project.connect() as conn:
        ledger.record(
            conn, ADA, stage="apply", state="failed",
            error="connection to postgresql://u:hunter2hunter2@h/db failed",
            notices=["NOTICE: password=hunter2hunter2"],
            findings=[Finding("x", "y", "z", "PGPASSWORD=hunter2hunter2", PASS)],
        )  # fmt: skip
    text = project.value("select string_agg(e::text, '') from runbook.events e")
    assert "hunter2" not in text
    assert "***" in text


def test_many_writers_at_once_make_one_chain(project: Project):
    def write(name: str) -> None:
        with project.connect() as conn:
            for number in range(5):
                ledger.record(conn, Author(name, name), stage="note", state="done", n=number)

    for work in [Background(lambda name=f"w{n}": write(name)) for n in range(6)]:
        work.result()
    events = project.events()
    assert [e.seq for e in events] == list(range(1, 31))
    with project.connect() as conn:
        assert ledger.broken_at(conn) is None
    assert [e.detail["n"] for e in events if e.run == "w3"] == [0, 1, 2, 3, 4]


def test_events_before_a_rollback_do_not_count_and_are_not_forgotten(project: Project):
    with project.connect() as conn:
        for stage, state in (("apply", "passed"), ("rollback", "failed"), ("verify", "passed")):
            ledger.record(conn, ADA, stage=stage, state=state, version="1")
        assert len(ledger.since_rollback(ledger.read(conn, "1"))) == 3
        ledger.record(conn, ADA, stage="rollback", state="passed", version="1")
        ledger.record(conn, ADA, stage="apply", state="started", version="1")
        counting = ledger.since_rollback(ledger.read(conn, "1"))
        assert [(e.stage, e.state) for e in counting] == [("apply", "started")]
        assert len(ledger.read(conn, "1")) == 5


def test_the_journal_holds_what_was_committed_and_nothing_that_was_rolled_back(
    project: Project, tmp_path, monkeypatch
):
    monkeypatch.setenv("RUNBOOK_RECORD", str(tmp_path))
    with project.connect() as conn:
        ledger.record(conn, ADA, stage="note", state="done", text="kept")
        with pytest.raises(psycopg.Error):
            ledger.record(conn, ADA, stage=None, state="done")  # type: ignore[arg-type]
    (line,) = (tmp_path / journal.FILE).read_text().splitlines()
    written, (event,) = json.loads(line), project.events()
    assert (written["seq"], written["hash"]) == (event.seq, event.hash)
    assert written["detail"] == {"text": "kept"}


def test_a_ledger_that_was_dropped_meanwhile_reads_as_none(conn):
    ledger.record(conn, Author("r", "ada"), stage="note", state=ledger.DONE)
    assert len(ledger.read(conn)) == 1
    conn.execute("drop schema runbook cascade")
    assert ledger.read(conn) == []
    ledger.record(conn, Author("r", "ada"), stage="note", state=ledger.DONE)
    assert len(ledger.read(conn)) == 1


def test_what_was_begun_and_not_closed_since_its_rollback_is_named(conn):
    def happens(version, stage, state):
        ledger.record(conn, Author("r", "ada"), stage=stage, state=state, version=version)

    assert ledger.unclosed(conn) == set()
    happens("1", "apply", ledger.PASSED)
    happens("2", "checkpoint", ledger.PASSED)
    happens("3", "checkpoint", ledger.PASSED)
    happens("3", "checkpoint", ledger.FAILED)
    assert ledger.unclosed(conn) == {"1", "3"}
    happens("3", "rollback", ledger.PASSED)
    happens("1", "checkpoint", ledger.PASSED)
    happens("2", "rollback", ledger.PASSED)
    happens("2", "precheck", ledger.PASSED)
    happens("", "note", ledger.DONE)
    assert ledger.unclosed(conn) == {"2"}
