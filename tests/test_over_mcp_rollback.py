"""Rollback over MCP: taken back in one text, with the rows that go saved, or nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from management_api import ManagementApi
from mcp_fixtures import TARGET
from runbook.errors import (
    CheckFailed,
    Held,
    LockTimeout,
    NoBackup,
    NotApplied,
    NotApproved,
    StatementFailed,
)
from runbook.findings import SKIP
from runbook.in_hand.desk import Rollback, open_rollback
from runbook.over_mcp import saving
from runbook.way_back import backup
from sandbox import Project
from taking_back import ROWS, TWO, applied, meddling, take_back

pytest_plugins = ("engine_fixtures", "mcp_fixtures")


def _open(project: Project, **given: Any) -> Rollback:
    """The rollback desk over MCP, under the token that its preview gave."""
    about = {"target": TARGET, "operator": "bob", "project": str(project.root), **given}
    token = open_rollback(**about, mode="check").token()
    return open_rollback(**about, mode="apply", approve=token)


def _backups(project: Project) -> list[Path]:
    return sorted((project.root / "runs" / "backups").glob("*"))


def test_what_goes_is_saved_as_a_direct_rollback_saves_it(project: Project, api: ManagementApi):
    version = applied(project)
    before = project.events(version)[-1].detail["before"]
    project.sql(ROWS)
    desk = _open(project)
    shown = desk.preview()
    assert "3 rows would be lost; saved first" in list(shown["observed"])
    table = desk.apply()
    assert "identical" in list(table["observed"])
    assert (project.fingerprint(), project.history()) == (before, [])
    event = project.events(version)[-1]
    assert (event.stage, event.state, event.detail["way"]) == ("rollback", "passed", "mcp")
    skipped = [row.check for row in event.findings if row.verdict == SKIP]
    assert skipped == ["Runner lock", "Lock watch", "Progress"]
    [over] = _backups(project)
    saved = backup.read(over)
    project.engine(version)
    project.sql(ROWS)
    open_rollback(
        target=project.name, operator="bob", project=str(project.root), versions=version
    ).apply()
    [direct] = [each for each in _backups(project) if each != over]
    assert (over / "001.copy").read_bytes() == (direct / "001.copy").read_bytes()
    again = backup.read(direct)
    assert saved.tables == again.tables
    assert saved.sequences == again.sequences


def test_looking_prints_the_token_and_nothing_goes_without_it(project: Project, api: ManagementApi):
    applied(project)
    before = project.everything()
    about = {"target": TARGET, "operator": "bob", "project": str(project.root)}
    desk = open_rollback(**about)
    assert desk.mode == "check"
    assert desk.token() in repr(desk.preview())
    desk.apply()
    with pytest.raises(NotApproved, match="needs its rollback token"):
        open_rollback(**about, mode="apply", approve="made-up").apply()
    assert project.everything() == before


def test_more_rows_than_can_be_fetched_are_refused_with_the_ways_that_work(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    version = applied(project)
    project.sql(ROWS)
    monkeypatch.setattr(saving, "MOST_BYTES", 20)
    about = {"target": TARGET, "operator": "bob", "project": str(project.root)}
    with pytest.raises(CheckFailed, match="Backup"):
        open_rollback(**about).preview()
    with pytest.raises(NoBackup, match="at most") as caught:
        take_back(project)
    assert "session pooler" in caught.value.remedy
    assert "--without-backup" in caught.value.remedy
    assert project.history() == [version]
    assert project.value("select count(*) from public.two") == 3
    rows = take_back(project, folder=None)
    assert [row.observed for row in rows if row.check == "Backup"] == ["none was made, as approved"]
    assert project.history() == []


def test_a_table_in_pieces_is_the_same_backup(
    project: Project, api: ManagementApi, monkeypatch: pytest.MonkeyPatch
):
    wide = TWO + "alter table public.two " + ", ".join(f"add c{at} int" for at in range(200)) + ";"
    applied(
        project,
        text=wide,
        rollback="delete from public.two where id < 3;\ndrop table public.two;\n",
    )
    project.sql(ROWS)
    pieces = []
    api.before = lambda text: pieces.append(text) if "counted as (" in text else None
    monkeypatch.setattr(saving, "PIECE_BYTES", 10)
    rows = take_back(project)
    saved = backup.read(project.root / "saved")
    assert [(item.table, item.fate, item.rows) for item in saved.tables] == [
        ("public.two", "dropped", 3)
    ]
    assert len(pieces) == 4  # one row each, and the empty one
    assert "3 rows in " in next(row.observed for row in rows if row.check == "Backup")


@pytest.mark.parametrize("held", [0, 3])
def test_rows_that_are_written_before_the_text_arrives_are_saved_too(
    project: Project, api: ManagementApi, held: int
):
    applied(project)
    if held:
        project.sql(ROWS)
    meddling(api, project, "insert into public.two (said) values ('late')", times=2)
    take_back(project)
    assert project.history() == []
    assert backup.read(project.root / "saved").tables[0].rows == held + 2


def test_rows_that_never_rest_stay_where_they_are(project: Project, api: ManagementApi):
    version = applied(project)
    meddling(api, project, "insert into public.two (said) values ('late')", times=99)
    with pytest.raises(NotApplied, match="faster than they can be saved") as caught:
        take_back(project)
    assert "two is still applied" in caught.value.state
    assert project.history() == [version]
    assert not (project.root / "saved").exists()
    assert project.states(version)[-1] == ("rollback", "failed")


def test_a_table_that_stays_and_loses_rows_and_a_column_is_saved(
    project: Project, api: ManagementApi
):
    project.sql("create table public.stays (id int primary key, said text)")
    project.sql("insert into public.stays values (1, 'a'), (2, 'b')")
    back = "delete from public.stays where id = 1;\nalter table public.stays drop more;\n"
    applied(project, back, "alter table public.stays add more int default 7;\n")
    take_back(project)
    [item] = backup.read(project.root / "saved").tables
    assert (item.fate, item.lost, item.key, item.rows) == ("kept", ("more",), ("id",), 2)
    assert (project.root / "saved" / item.file).read_text() == "1\ta\t7\n2\tb\t7\n"
    assert project.value("select count(*) from public.stays") == 1


def test_a_file_that_fails_or_leaves_something_behind_is_taken_back(
    project: Project, api: ManagementApi
):
    version = applied(project, "alter table public.two rename to leftover;\n")
    project.sql(ROWS)
    before = (project.fingerprint(), project.history())
    with pytest.raises(CheckFailed, match="the catalog is not what it was before two"):
        take_back(project)
    file = project.folder / "rollback" / f"{version}_two.sql"
    file.write_text("select 1;\n  delete from public.tow;\n")
    with pytest.raises(StatementFailed, match=r"line 2: relation .*tow") as caught:
        take_back(project)
    assert "two is still applied" in caught.value.state
    assert (project.fingerprint(), project.history()) == before
    assert not (project.root / "saved").exists()
    assert project.states(version)[-2:] == [("rollback", "failed")] * 2


def test_others_stop_it_and_it_says_who_or_what(project: Project, api: ManagementApi):
    version = applied(project)
    with project.connect() as other:
        other.execute("select pg_advisory_lock(hashtextextended('runbook.apply', 0))")
        with pytest.raises(Held, match="held by another runner"):
            take_back(project)
    with project.connect() as other, other.transaction():
        other.execute("select from public.two")
        with pytest.raises(LockTimeout, match="2 attempts"):
            take_back(project)
    meddling(api, project, "create table public.by_hand (id int)", times=1)
    with pytest.raises(NotApplied, match="catalog changed while"):
        take_back(project)
    project.sql("drop table public.by_hand")
    meddling(api, project, "delete from supabase_migrations.schema_migrations", times=1)
    with pytest.raises(NotApplied, match="Somebody else was faster"):
        take_back(project)
    assert project.value("select count(*) from public.two") == 0
    assert project.states(version).count(("rollback", "passed")) == 0
