"""The fleet's summary is a record: chained, signed, and held against the records that it names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from runbook import record
from runbook.audit import chain, manifest, signing, verifying
from runbook.findings import FAIL, Finding
from runbook.fleet import survey
from runbook.fleet.file import read_fleet
from runbook.fleet.kept import Summary
from runbook.fleet.run import prepare
from tenants import Tenants, fleet, summaries

pytest_plugins = ("engine_fixtures",)


def _failed(runs: Path) -> list[Finding]:
    return [row for row in verifying.archive(runs) if row.verdict == FAIL]


def _without_line(runs: Path, name: str) -> None:
    """Take a record away, and write the chain anew as if it had never been."""
    lines: list[chain.Line] = []
    for line in chain.read(runs):
        if line.record != name:
            raw = chain.encoded(line.value, lines)
            lines.append(chain.Line(raw, json.loads(raw)))
    (runs / chain.FILE).write_bytes(b"".join(line.raw + b"\n" for line in lines))
    shutil.rmtree(runs / name)


def _change(path: Path) -> None:
    path.write_text(path.read_text().replace("passed", "failed", 1))


TAMPERED = {
    "the summary is changed": (
        lambda runs, summary, one: _change(runs / summary / manifest.FILE),
        "is not the one of the chain",
    ),
    "its page is changed": (
        lambda runs, summary, one: (runs / summary / "record.html").write_text("all is well"),
        "holds something else",
    ),
    "the summary is removed": (
        lambda runs, summary, one: shutil.rmtree(runs / summary),
        "was removed",
    ),
    "the summary goes with its line": (
        lambda runs, summary, one: _without_line(runs, summary),
        "there is no summary of the fleet's run",
    ),
    "a target's record is removed": (
        lambda runs, summary, one: shutil.rmtree(runs / one),
        "was removed",
    ),
    "a target's record goes with its line": (
        lambda runs, summary, one: _without_line(runs, one),
        "the chain has no line of it",
    ),
}


def test_a_summary_and_its_records_hold_each_other(
    tenants: Tenants, tmp_path: Path, capfd: pytest.CaptureFixture
):
    project = tenants.project
    targets = tenants.make(2, protected=False)
    tenants.write(waves=["100%"], per_server=1)
    key = tmp_path / "key"
    signing.make(key)
    done = fleet(project, "one", "--mode", "apply", "--workers", "2", "--json",
                 more={signing.VARIABLE: str(key)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "wave 1 of 1: 2 of 2, 0 failed" in done.stderr
    said = json.loads(done.stdout)
    runs = project.root / "runs"
    (summary,) = summaries(project)
    (one,) = said["targets"][targets[0]]["records"]
    assert said["records"][one] == manifest.digest(runs / one / manifest.FILE)
    assert len(said["records"]) == 2
    first, second = (r for r in record.records(runs) if r.phase != "fleet")
    assert first.ended <= second.started  # one at a time on a server, whatever workers there are
    assert targets[1] in (summary.path / "record.html").read_text()

    assert _failed(runs) == []
    public = signing.public_key(key.with_name("key.pub"))
    assert [row for row in verifying.signatures(runs, public) if row.verdict == FAIL] == []
    for change, words in TAMPERED.values():
        copy = tmp_path / "copy"
        shutil.copytree(runs, copy)
        change(copy, summary.name, one)
        assert any(words in row.observed for row in _failed(copy)), words
        shutil.rmtree(copy)

    assert project.run("audit", "verify", summary.name, target=False) == 0
    assert project.run("audit", "list", target=False) == 0
    assert project.run("audit", "show", summary.name, target=False) == 0
    assert project.run("audit", "index", target=False) == 0
    assert project.run("audit", "diff", summary.name, one, target=False) == 0
    assert summary.name in capfd.readouterr().out
    assert summary.name in (runs / "index.html").read_text()
    # Emptied, the manifests go on naming each other.
    assert project.run("audit", "prune", "--keep", "1", "--mode", "apply", target=False) == 0
    assert _failed(runs) == []
    _without_line(runs, one)
    assert any("has no line of it" in row.observed for row in _failed(runs))


def test_a_fleet_that_was_killed_is_closed_as_interrupted_by_the_next_run(tenants: Tenants):
    project = tenants.project
    targets = tenants.make(1, protected=False)
    plan = project.plan
    run = prepare(project.root, plan, plan.phases, read_fleet(tenants.write()), whole=False)
    run.seen = {targets[0]: survey.look(str(project.root), targets[0], run.last)}
    kept = Summary(run, {"mode": "apply"}, "ada")
    kept.save()
    kept._draft.lock.release()  # as the end of the process does

    (closed,) = record.recover(project.root / "runs")
    assert closed.outcome == "interrupted"
    assert "The process that ran the fleet ended without closing it." in closed.error["what"]
    assert closed.document["targets"][targets[0]]["outcome"] == "not started"
    assert _failed(project.root / "runs") == []


def test_a_record_that_ended_after_its_fleet_is_said_and_is_no_forgery(tenants: Tenants):
    project = tenants.project
    targets = tenants.make(1, protected=False)
    plan = project.plan
    run = prepare(project.root, plan, plan.phases, read_fleet(tenants.write()), whole=False)
    run.seen = {targets[0]: survey.look(str(project.root), targets[0], run.last)}
    kept = Summary(run, {"mode": "apply"}, "ada")
    kept.close(KeyboardInterrupt())
    runs = project.root / "runs"
    late = _record(project.root, run.id)
    rows = [row for row in verifying.archive(runs) if row.object == late]
    assert any("a worker closed it after the fleet's run had ended" in r.observed for r in rows)
    assert _failed(runs) == []
    other = _record(project.root, "0123abcd")
    (forged,) = _failed(runs)
    assert forged.object == other


def _record(root: Path, fleet: str) -> str:
    """A record that says to be of this fleet's run."""
    notebook = root / "notebooks" / "empty.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    made = record.run(
        notebook, phase="one", target="embedded", parameters={}, runs=root / "runs", project=root,
        fleet=fleet,
    )  # fmt: skip
    return made.name


def test_every_record_of_a_fleet_and_its_summary_is_copied_to_the_archive(
    tenants: Tenants, tmp_path: Path
):
    tenants.make(2, protected=False)
    tenants.write(waves=["50%", "100%"])
    place = tmp_path / "archive"
    refused = fleet(tenants.project, "one", "--mode", "apply", "--archive", "nowhere://bucket")
    assert refused.returncode == 2
    assert tenants.applied() == [0, 0]  # nothing was started
    done = fleet(tenants.project, "one", "--mode", "apply", "--archive", place.as_uri())
    assert done.returncode == 0, done.stdout + done.stderr
    runs = tenants.project.root / "runs"
    made = sorted(path.name for path in runs.glob("2*/"))
    assert sorted(path.name for path in place.iterdir() if path.is_dir()) == made
    assert f"{len(made)} of {len(made)} records in file://" in done.stdout
    assert (place / chain.FILE).read_bytes() == (runs / chain.FILE).read_bytes()
    assert not [row for row in verifying.archive(place) if row.verdict == FAIL]
