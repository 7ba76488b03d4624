"""Records and the target's ledger know of each other: what one side loses, the other shows."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_records import document
from runbook import ledger, record
from runbook.audit import against_ledger, chain, manifest, verifying
from runbook.findings import FAIL, PASS, SKIP, WARN, failed
from runbook.records import archive, closing
from runbook.records.closing import Witnesses
from runbook.target import open_target
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SQL = "create view public.{0} as select 1 as one;\n"


class Runs:
    """Headless runs without a kernel: the stages write into a draft, which is then closed."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.patch, self.folder = project, monkeypatch, project.root / "runs"

    def draft(self, version: str = "", *, events: int = 0) -> tuple[archive.Draft, dict]:
        """An unfinished record; with a version its migration was applied meanwhile."""
        now = datetime.now(UTC)
        draft = archive.begin(self.folder, archive.name(now, "01_one", self.project.name))
        self.patch.setenv("RUNBOOK_RECORD", str(draft.folder))
        self.patch.setenv("RUNBOOK_RUN", draft.name[-8:])
        if version:
            self.project.close(version)
        elif events:
            with self.project.connect() as conn:
                for number in range(events):
                    author = ledger.Author(draft.name[-8:], "ada")
                    ledger.record(conn, author, stage="note", state="done", number=number)
        self.patch.delenv("RUNBOOK_RECORD")
        self.patch.delenv("RUNBOOK_RUN")
        said = document(now, draft.name, target=self.project.name)
        return draft, said

    def run(self, version: str = "", *, events: int = 0) -> record.Record:
        draft, said = self.draft(version, events=events)
        return record._archived(draft, said, None, Witnesses(self.project.target))

    def check(self, runs: Path | None = None) -> list:
        return against_ledger.check(self.project.target, runs or self.folder)

    def bad(self) -> list[str]:
        return [f"{row.object}: {row.observed}" for row in failed(self.check())]

    def admin(self, statement: str) -> None:
        """What only somebody with other rights can do: with the ledger's triggers off."""
        with self.project.connect("supabase_admin") as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(statement)


@pytest.fixture
def runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(project, monkeypatch)


@pytest.fixture
def three(runs: Runs) -> Iterator[list[record.Record]]:
    """Three runs that each wrote some events."""
    return [runs.run(events=4) for _ in range(3)]


def test_a_run_that_wrote_is_named_by_the_ledger_and_names_it(runs: Runs):
    versions = [runs.project.add(name, SQL.format(name)) for name in ("a", "b")]
    three = [runs.run(version) for version in versions]
    events = [event for event in runs.project.events() if event.stage == "record"]
    assert [event.detail["record"] for event in events] == [item.name for item in three]
    for item, event in zip(three, events, strict=True):
        assert event.detail["manifest"] == manifest.digest(item.path / manifest.FILE)
        assert (event.run, event.operator) == (item.document["id"], "ada")
        assert item.document["ledger"]["last"] == event.seq - 1
        assert item.document["server"]["database"] == runs.project.database
        assert item.document["server"]["version"].startswith("18")
        assert item.document["wrote"]["last"] == event.seq - 1
    stages = [row["stage"] for row in three[0].document["verdicts"]]
    assert stages == ["precheck", "apply", "verify", "test", "checkpoint"]
    (log,) = [row for row in three[0].document["log"] if row["migration"] == "a"]
    assert (log["status"], log["operators"]) == ("Completed", ["ada"])
    (account,) = three[0].document["account"]
    assert account["rows"][0][:2] == ["Existing rows", "existing tables"]
    assert failed(verifying.archive(runs.folder)) == []
    assert [row.verdict for row in runs.check()] == [PASS, PASS]


def test_looking_writes_nothing_to_the_target_and_still_tells_what_was_seen(runs: Runs):
    version = runs.project.add("a", SQL.format("a"))
    draft, said = runs.draft()
    runs.patch.setenv("RUNBOOK_RECORD", str(draft.folder))
    runs.project.step(version, mode="check").precheck()
    runs.patch.delenv("RUNBOOK_RECORD")
    made = record._archived(draft, said, None, Witnesses(runs.project.target))
    assert runs.project.events() == []
    assert made.document["wrote"] is None
    (seen,) = made.document["verdicts"]
    assert (seen["stage"], seen["state"], seen["in_ledger"]) == ("precheck", "passed", False)
    assert seen["findings"]["PASS"] > 3
    assert [row.verdict for row in runs.check()] == [SKIP]


def test_a_removed_newest_record_shows_in_the_ledger(runs: Runs, three):
    shutil.rmtree(three[-1].path)
    lines = (runs.folder / chain.FILE).read_bytes().splitlines(keepends=True)
    (runs.folder / chain.FILE).write_bytes(b"".join(lines[:-1]))
    assert failed(verifying.archive(runs.folder)) == []
    (found,) = runs.bad()
    assert found.startswith(f"{three[-1].name}: event")
    assert "it was removed, or changed" in found


def test_an_archive_that_was_removed_as_a_whole_shows_in_the_ledger(runs: Runs, three):
    shutil.rmtree(runs.folder)
    runs.folder.mkdir()
    (row,) = [row for row in runs.check() if row.object == "other archives"]
    assert "3 are of 1 other archives" in row.observed


def test_a_rewound_ledger_is_found_with_the_first_event_that_is_missing(runs: Runs, three):
    first = three[1].document["ledger"]["last"] - 2
    runs.admin(f"delete from runbook.events where seq >= {first}")
    found = runs.bad()
    assert len(found) == 1
    assert f"it was rewound: event {first} (written " in found[0]
    assert f"in record {three[1].name}" in found[0]
    # And it goes on: other events stand where those stood.
    with runs.project.connect() as conn:
        for _ in range(12):
            ledger.record(conn, ledger.Author("0" * 12, "eve"), stage="note", state="done")
    assert any(f"rewound: event {first} " in words for words in runs.bad())


def test_a_changed_event_is_found_even_with_its_chain_worked_out_anew(runs: Runs, three):
    runs.admin("update runbook.events set operator = 'eve' where seq = 2")
    assert any("event 2 does not fit to the one before it" in words for words in runs.bad())
    runs.admin(
        "do $$ declare e runbook.events; begin for e in select * from runbook.events order by seq"
        " loop e.previous := coalesce((select hash from runbook.events where seq = e.seq - 1), '');"
        " update runbook.events set previous = e.previous, hash = runbook.digest(e)"
        " where seq = e.seq; end loop; end $$"
    )
    (found,) = runs.bad()
    assert "it was rewound: event 2 " in found


def test_a_ledger_begun_anew_is_explained_on_the_throw_away_server_and_found_elsewhere(
    runs: Runs, three, monkeypatch: pytest.MonkeyPatch
):
    runs.admin("drop schema runbook cascade")
    (row,) = [row for row in runs.check() if row.verdict == WARN]
    assert "begun anew or dropped: 3 records" in row.observed
    with runs.project.connect() as conn:
        ledger.record(conn, ledger.Author("0" * 12, "eve"), stage="note", state="done")
    monkeypatch.setenv("HERE", runs.project.server.conninfo(runs.project.database))
    rows = against_ledger.check(open_target("env:HERE", runs.project.root), runs.folder)
    (row,) = failed(rows)
    assert "begun anew at " in row.observed


def test_events_of_a_run_without_a_record_are_found_and_those_made_by_hand_are_not(
    runs: Runs, three
):
    draft, _ = runs.draft(events=2)
    (row,) = [row for row in runs.check() if row.object == f"run {draft.name[-8:]}"]
    assert row.verdict == WARN
    assert "unfinished here" in row.observed
    archive.release(draft)
    shutil.rmtree(draft.folder)
    (found,) = runs.bad()
    assert "no record tells of it" in found
    with runs.project.connect() as conn:
        ledger.record(conn, ledger.Author("0" * 12, "grace"), stage="note", state="done")
    (row,) = [row for row in runs.check() if row.object == "runs by hand"]
    assert (row.verdict, row.observed[:6]) == (SKIP, "1 runs")


def test_a_record_that_the_ledger_could_not_be_told_of_is_told_by_the_next_run(
    runs: Runs, monkeypatch
):
    draft, said = runs.draft(events=3)
    asked = closing.witness.ask(runs.project.target, said, [])
    said["server"] = asked.server
    first = record.read(closing.close(draft, said, None, Witnesses()))
    (found,) = runs.bad()
    assert found.startswith(f"{first.name}: the ledger has its ")
    runs.run(events=1)
    assert runs.bad() == []


def test_an_inserted_record_with_a_consistent_chain_is_not_in_the_ledger(runs: Runs, three):
    """A forger who knows the format adds a record about events that another one holds."""
    draft, said = runs.draft()
    said["server"] = dict(three[0].document["server"])
    shutil.copy(three[0].path / "journal.jsonl", draft.folder)
    forged = closing.close(draft, said, None, Witnesses())
    assert failed(verifying.archive(runs.folder)) == []
    (found,) = runs.bad()
    assert found.startswith(f"{forged.name}: ")


def test_records_moved_to_another_machine_verify_there(runs: Runs, three, tmp_path: Path):
    moved = tmp_path / "elsewhere" / "runs"
    shutil.move(runs.folder, moved)
    assert failed(verifying.archive(moved)) == []
    assert failed(runs.check(moved)) == []
    runs.folder.mkdir()


def test_verify_exits_3_on_findings_and_says_what_it_cannot_detect(
    runs: Runs, three, capsys: pytest.CaptureFixture[str]
):
    assert runs.project.run("audit", "verify") == 0
    said = capsys.readouterr().out
    assert "3 records verified: nothing was changed." in said
    for words in verifying.LIMITS:
        assert words in said
    (three[0].path / "record.html").write_text("x")
    assert runs.project.run("audit", "verify", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["verified"] is False
    assert [row["object"] for row in told["findings"] if row["verdict"] == FAIL] == [
        f"{three[0].name}/record.html"
    ]
    assert runs.project.run("audit", "verify", three[1].name, target=False) == 0
    assert runs.project.run("audit", "verify", three[0].document["id"], target=False) == 3
    assert runs.project.run("audit", "verify", "nothing", target=False) == 2
    assert uuid.UUID(chain.identity(chain.read(runs.folder)))
