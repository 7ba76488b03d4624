"""Full and read-only disks, and a hand on the brake: each leaves a stated state to go on from."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook.errors import NoBackup, NotApplied
from runbook.in_hand.desk import open_rollback
from runbook.records import journal
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = "create table public.t (id int primary key, what text);\n" \
    "alter table public.t enable row level security;\n"  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few hundred KB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may make a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def _filled(project: Project) -> str:
    version = project.add("t", TABLE, rollback="drop table public.t;\n", tables=("public.t",))
    project.engine(version)
    project.sql("insert into public.t select i, repeat(md5(i::text), 8) from"
                " generate_series(1, 4000) i")  # fmt: skip
    return version


def _take_back(project: Project):
    return open_rollback(target=project.name, operator="bob", project=str(project.root)).apply()


def test_a_disk_that_fills_up_under_the_backup_leaves_the_migration_applied(
    project: Project, small: Path, monkeypatch: pytest.MonkeyPatch
):
    version = _filled(project)
    before = project.fingerprint()
    monkeypatch.setenv("RUNBOOK_RECORD", str(small))
    with pytest.raises(NoBackup, match="No space left on device") as caught:
        _take_back(project)
    assert "still applied, nothing was lost" in caught.value.state
    assert "Make room" in caught.value.remedy
    assert (project.fingerprint(), project.history()) == (before, [version])
    assert project.value("select count(*) from public.t") == 4000
    assert list(small.rglob("*.copy")) == []  # nothing half-written is left
    subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
    _take_back(project)
    assert project.history() == []


def test_a_read_only_place_for_backups_is_refused_and_nothing_goes(
    project: Project, small: Path, monkeypatch: pytest.MonkeyPatch
):
    version = _filled(project)
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    monkeypatch.setenv("RUNBOOK_RECORD", str(small))
    with pytest.raises(NoBackup, match="Read-only file system"):
        _take_back(project)
    assert project.history() == [version]
    assert project.states(version)[-1] == ("rollback", "failed")


def test_a_journal_that_cannot_be_written_does_not_call_failed_what_is_committed(
    project: Project, small: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    version = project.add("t", TABLE, tables=("public.t",))
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    monkeypatch.setenv("RUNBOOK_RECORD", str(small))
    project.close(version)
    assert project.history() == [version]
    assert "The journal lacks event" in capsys.readouterr().err
    assert project.states(version)[-1] == ("checkpoint", "passed")


def test_an_interrupt_after_the_commit_says_applied_and_the_cell_runs_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    version = project.add("t", TABLE, tables=("public.t",))
    step = project.step(version)
    step.precheck()
    write = journal.write

    def interrupted(event) -> None:
        if (event["stage"], event["state"]) == ("apply", "passed"):
            raise KeyboardInterrupt
        write(event)

    monkeypatch.setattr(journal, "write", interrupted)
    with pytest.raises(NotApplied, match="interrupted after its commit") as caught:
        step.apply()
    assert "applied and committed" in caught.value.state
    monkeypatch.setattr(journal, "write", write)
    assert "Nothing was run now" in step.apply().note
    for stage in (step.verify, step.test, step.checkpoint):
        stage()
    assert project.states(version)[-1] == ("checkpoint", "passed")
