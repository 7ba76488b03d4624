"""Many databases: waves, one approval for equal tenants, and nothing applied twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from runbook import record
from runbook.errors import PlanInvalid, TargetRefused
from runbook.fleet import summary, work
from runbook.fleet.file import read_fleet
from runbook.fleet.following import Bar, Lines
from sandbox import until
from tenants import Tenants, environment, fleet, summaries

pytest_plugins = ("engine_fixtures",)


def test_equal_tenants_share_an_approval_a_wave_and_a_drifted_one_is_left_alone(tenants: Tenants):
    project = tenants.project
    targets = tenants.make(4)
    tenants.write(waves=[1, "100%"])
    tenants.sql(2, "create table public.by_hand (id int)")

    checked = fleet(project, "one", "--workers", "2")
    assert checked.returncode == 0, checked.stderr
    assert "4 targets: 3 fresh, 1 drifted" in checked.stdout
    assert f"{targets[2]}: drifted: its catalog is not like the others'" in checked.stdout
    tokens = [line.split()[-1] for line in checked.stdout.splitlines() if "approve it with" in line]
    assert len(set(tokens)) == 2
    assert tenants.applied() == [0, 0, 0, 0]

    first = fleet(project, "one", "--workers", "2", "--mode", "apply", "--approve", tokens[0])
    assert first.returncode == 3, first.stdout + first.stderr  # one is drifted
    assert f"wave 2 needs its approval: {tokens[1]}" in first.stdout
    assert tenants.applied() == [1, 0, 0, 0]

    rest = fleet(project, "one", "--workers", "2", "--mode", "apply", "--approve", tokens[1])
    assert rest.returncode == 3, rest.stdout + rest.stderr  # the drifted one is not through
    assert "2 passed, 1 done, 1 drifted" in rest.stdout
    assert tenants.applied() == [1, 1, 0, 1]
    last = summaries(project)[-1].document
    assert last["targets"][targets[1]]["wave"] == 2
    assert len(last["targets"][targets[1]]["records"]) == 1
    for name in last["targets"][targets[1]]["records"]:
        assert (project.root / "runs" / name / "manifest.json").exists()


@pytest.mark.slow
def test_a_poisoned_tenant_stops_its_wave_and_a_second_run_takes_only_the_rest(tenants: Tenants):
    project = tenants.project
    tenants.make(3, protected=False)
    tenants.write(waves=[1, 2, "100%"], retries=0)
    # Not in the catalog, so that it is found only when the migration runs.
    tenants.sql(1, "insert into visits values (2, 2147483647)")

    stopped = fleet(project, "one", "--workers", "1", "--mode", "apply")
    assert stopped.returncode == 4, stopped.stdout + stopped.stderr
    assert "1 passed, 1 failed, 1 not started" in stopped.stdout
    assert "1 × StatementFailed: migrations/" in stopped.stdout
    assert "1 of wave 2 failed, and max_failures is 0" in stopped.stdout
    tenants.sql(1, "delete from visits where id = 2")

    again = fleet(project, "one", "--workers", "1", "--mode", "apply")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "2 passed, 1 done" in again.stdout
    assert tenants.applied() == [1, 1, 1]
    nothing = fleet(project, "one", "--workers", "1", "--mode", "apply")
    assert nothing.returncode == 0
    assert "3 done" in nothing.stdout


@pytest.mark.slow
def test_fifty_databases_two_workers_one_killed_and_each_migrated_exactly_once(
    tenants: Tenants, tmp_path: Path
):
    project = tenants.project
    tenants.make(52, protected=False)
    tenants.write(waves=[1, "10%", "100%"], per_server=2)
    running: list[subprocess.Popen[str]] = []

    def dask(*arguments: str) -> subprocess.Popen[str]:
        with (tmp_path / f"dask-{len(running)}.log").open("w") as log:
            program = [sys.executable, "-m", *arguments, "--no-dashboard"]
            running.append(
                subprocess.Popen(program, stdout=log, stderr=log, env=environment(), cwd=tmp_path)
            )
        return running[-1]

    file = tmp_path / "scheduler.json"
    try:
        dask("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        until(file.exists)
        address = until(lambda: file.read_text() and json.loads(file.read_text())["address"])
        workers = [
            dask("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny")
            for _ in range(2)
        ]
        command = [sys.executable, "-m", "runbook", "fleet", "run", "one", "--project",
                   str(project.root), "--targets", str(project.root / "targets.toml"), "--mode",
                   "apply", "--scheduler", address]  # fmt: skip
        running_fleet = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        running.append(running_fleet)
        runs = project.root / "runs"
        until(lambda: len(list(runs.glob("2*"))) >= 12, seconds=600)
        workers[0].send_signal(signal.SIGKILL)
        out, err = running_fleet.communicate(timeout=1_500)
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert running_fleet.returncode == 0, out + err
    assert "52 passed" in out
    assert tenants.applied() == [1] * 52
    done = summaries(project)[-1].document["targets"]
    # What the killed worker had done was asked of the other one again, which found it done.
    assert workers[1].pid in {each["worker"] for each in done.values()}
    named = {name for each in done.values() for name in each["records"]}
    assert named == {each.name for each in record.records(runs) if each.phase != "fleet"}
    assert project.run("audit", "verify", target=False) == 0


# -- targets.toml, causes -----------------------------------------------------------------------


def _written(folder: Path, head: str, count: int = 25) -> Path:
    names = json.dumps([f"service=t{number}" for number in range(count)])
    path = folder / "targets.toml"
    path.write_text(f'{head}\n[[server]]\nname = "a"\ntargets = {names}\n')
    return path


@pytest.mark.parametrize(
    ("waves", "count", "sizes"),
    [
        ('[1, "10%", "100%"]', 25, [1, 2, 22]),
        ('["100%"]', 3, [3]),
        ('[1, "1%", "100%"]', 2, [1, 1]),
        ("[2, 5]", 5, [2, 3]),
    ],
)
def test_waves_are_growing_shares_of_the_whole(tmp_path: Path, waves: str, count: int, sizes: list):
    fleet = read_fleet(_written(tmp_path, f"waves = {waves}", count))
    assert [len(fleet.wave(number)) for number in range(1, fleet.waves + 1)] == sizes


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("waves = [1]", "the last wave must be '100%'"),
        ('waves = ["half"]', "waves holds 'half'"),
        ("per_server = 0", "per_server must be a whole number, 1 or more"),
        ("speed = 3", "unknown key 'speed'"),
        ("waves = [", "cannot be read as TOML"),
    ],
)
def test_a_wrong_targets_file_is_refused_with_its_place(tmp_path: Path, head: str, words: str):
    with pytest.raises(PlanInvalid, match=r"targets\.toml") as caught:
        read_fleet(_written(tmp_path, head))
    assert words in caught.value.what


def test_a_conninfo_in_the_targets_file_is_refused_unread(tmp_path: Path):
    path = tmp_path / "targets.toml"
    path.write_text('[[server]]\nname = "a"\ntargets = ["postgresql://u:hunter2@h/d"]\n')
    with pytest.raises(TargetRefused) as caught:
        read_fleet(path)
    assert "hunter2" not in str(caught.value)


def test_failures_are_grouped_by_cause_whatever_the_targets_name():
    error = {"kind": "StatementFailed", "what": "migrations/1_a.sql, line 3: no room (53100)"}
    outcomes = {
        "service=a": {
            "outcome": "failed",
            "error": {**error, "what": error["what"] + " service=a"},
        },
        "service=b": {
            "outcome": "failed",
            "error": {**error, "what": error["what"] + " service=b"},
        },
        "service=c": {"outcome": "passed", "error": None},
        "service=d": {"outcome": "held back", "error": None},
    }
    grouped = summary.causes(outcomes)
    assert list(grouped.values()) == [["service=a", "service=b"], ["service=d"]]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        ({"kind": "LockTimeout", "what": "gave way"}, True),
        ({"kind": "TargetRefused", "what": "Target env:X cannot be reached: refused"}, True),
        ({"kind": "NotApplied", "what": "The connection was lost while a.sql ran."}, True),
        ({"kind": "TargetRefused", "what": "Target env:X is a standby"}, False),
        ({"kind": "StatementFailed", "what": "line 3: duplicate key"}, False),
        ({"kind": "NotApproved", "what": "no token"}, False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: dict, again: bool):
    assert work.passes(error) is again


def test_a_bar_and_lines_tell_of_each_wave_and_of_whatever_fails(capfd: pytest.CaptureFixture):
    said: list[str] = []
    for follower in (Bar(), Lines(said.append)):
        with follower:
            follower.wave(2, 3, 2)
            follower.started("service=a", "01_one")
            follower.ended("service=a", {"outcome": "passed", "error": None})
            follower.ended("service=b", {"outcome": "failed", "error": {"what": "no room\nat all"}})
    bar = capfd.readouterr().err
    assert "wave 2 of 3: 100%" in bar
    assert "1 failed, service=a 01_one" in bar
    assert "service=b: failed: no room\n" in bar
    assert said[-2:] == ["  service=b: failed: no room", "  wave 2 of 3: 2 of 2, 1 failed"]
