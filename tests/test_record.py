"""Records are whole, true and never lost, whatever happens to the run or to the disk."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from made_notebooks import nbformat, notebook, on_disk, python, until
from runbook import record
from runbook.audit import manifest
from runbook.errors import Refused
from runbook.kernels import verdict
from runbook.record import Record
from runbook.records import archive, page, provenance, unfinished
from runbook.records.archive import NotArchived

NAME = re.compile(r"\d{8}T\d{6}Z_event-wizard_embedded_[0-9a-f]{8}")
CELLS = (
    "# Event Wizard",
    "## 1 · `wizard_sessions`\nCreates one table.",
    "import os\nprint(os.getcwd(), os.environ['RUNBOOK_PROJECT'], sep='=')\n"
    "_ = open(os.environ['RUNBOOK_RECORD'] + '/journal.jsonl', 'w').write('{}')",
    "print(target, limit)",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "migrations" / "tests").mkdir(parents=True)
    (folder / "migrations" / "plan.toml").write_text("project = 'X'\n")
    (folder / "migrations" / "tests" / "1_a.sql").write_text("select 1;\n")
    (folder / "notebooks").mkdir()
    return folder


def run(project: Path, path: Path, **options: Any) -> Record:
    options = {"parameters": {}, "runs": project / "runs", "project": project} | options
    return record.run(path, phase="event-wizard", target="embedded", **options)


def phase(project: Path, *cells: str, **options: Any) -> Path:
    parameters = "target = 'embedded'\nlimit = 5\noperator = ''"
    return on_disk(project / "notebooks", *cells, parameters=parameters, **options)


def executed(found: Record) -> Any:
    return json.loads((found.path / "executed.ipynb").read_text())


def test_a_run_is_archived_with_everything_it_came_from(project):
    path = phase(project, *CELLS)
    before = path.read_bytes()
    events = []
    done = run(project, path, parameters={"limit": "7", "operator": "Ada"}, on_event=events.append)
    assert (done.outcome, done.exit_code, done.error) == ("passed", 0, None)
    assert NAME.fullmatch(done.name)
    assert {each.name for each in done.path.iterdir()} == {
        *("executed.ipynb", "record.html", "manifest.json", "journal.jsonl")
    }
    document = done.document
    assert document["parameters"] == {"target": "embedded", "limit": 7, "operator": "Ada"}
    assert document["operator"] == {
        "name": "Ada",
        "established": "given as a parameter, not verified",
    }
    assert set(document["sources"]) == {"migrations/plan.toml", "migrations/tests/1_a.sql"}
    assert document["notebook"]["path"] == "notebooks/01_phase.ipynb"
    assert document["notebook"]["sha256"] == _sha256(path)
    assert document["git"] is None
    assert document["packages"]["papermill"]
    subjects = manifest.subjects(manifest.read(done.path))
    assert subjects == {
        name: _sha256(done.path / name)
        for name in ("executed.ipynb", "record.html", "journal.jsonl")
    }
    assert [cell["status"] for cell in document["cells"]] == ["completed"] * 4
    assert document["cells"][-1]["heading"] == "1 · wizard_sessions"
    assert sum(cell["seconds"] for cell in document["cells"]) <= done.seconds
    assert [event.kind for event in events].count("finished") == 4
    assert path.read_bytes() == before
    shown = json.dumps(executed(done)["cells"])
    assert "embedded 7" in shown
    kept = {each.name for each in (project / "runs").iterdir() if each.name[0] != "."}
    assert kept == {done.name, "chain.jsonl"}


def test_the_kernel_stands_in_the_project_and_knows_its_record(project):
    done = run(project, phase(project, *CELLS))
    [output] = executed(done)["cells"][3]["outputs"]
    here, there = "".join(output["text"]).strip().split("=")
    assert here == there == str(project)


def test_a_failed_run_is_archived_as_failed_with_the_error_of_its_cell(project):
    path = phase(
        project,
        "from runbook.errors import CheckFailed",
        "raise CheckFailed('2 findings say FAIL.', state='Unchanged.', remedy='See the table.')",
        "3",
    )
    done = run(project, path)
    assert (done.outcome, done.exit_code) == ("failed", 3)
    assert done.error == {
        "kind": "CheckFailed",
        "what": "2 findings say FAIL.",
        "state": "Unchanged.",
        "remedy": "See the table.",
    }
    assert NAME.fullmatch(done.name)
    assert [cell["status"] for cell in done.document["cells"]][-2:] == ["failed", "pending"]
    text = (done.path / "record.html").read_text()
    assert "What to do next:</strong> See the table." in text
    assert "never run" in text


@pytest.mark.parametrize(
    ("name", "message", "outcome", "code", "what"),
    [
        (
            "StatementFailed",
            "x.sql, line 3\n  ^\nRolled back.\nMend it.",
            "failed",
            4,
            "x.sql, line 3\n  ^",
        ),
        ("NotApproved", f"No token.\n{Refused.default_state}\nAsk.", "refused", 2, "No token."),
        ("Held", f"Ada holds it.\n{Refused.default_state}", "refused", 2, "Ada holds it."),
        ("InDoubt", "Connection lost.", "failed", 5, "Connection lost."),
        ("AssertionError", "not equal", "failed", 3, "An assertion failed: not equal"),
        ("NameError", "name 'x' is not defined", "failed", 1, "NameError: name 'x' is not defined"),
        ("KeyboardInterrupt", "", "interrupted", 5, "The cell was interrupted."),
    ],
)
def test_the_outcome_and_the_exit_code_follow_from_the_error(name, message, outcome, code, what):
    from papermill.exceptions import PapermillExecutionError

    found = verdict.of(PapermillExecutionError(0, 1, "", name, message, [f"{name}: {message}"]))
    assert (found["outcome"], found["exit_code"], found["error"]["what"]) == (outcome, code, what)


def test_a_dead_kernel_leaves_the_outcome_in_doubt(project):
    done = run(project, phase(project, "import os; os._exit(1)"))
    assert (done.outcome, done.exit_code) == ("failed", 5)
    assert "exit status 1" in done.error["what"]
    assert "runbook status" in done.error["remedy"]


def test_a_missing_kernel_is_archived_as_refused_with_every_cell_pending(project):
    done = run(project, phase(project, "1", kernel="no-such-kernel"))
    assert (done.outcome, done.exit_code) == ("refused", 2)
    assert {cell["status"] for cell in done.document["cells"]} == {"pending"}


def test_a_notebook_without_a_kernel_is_refused(project):
    path = phase(project, "1")
    nb = json.loads(path.read_text())
    del nb["metadata"]["kernelspec"]
    path.write_text(json.dumps(nb))
    done = run(project, path, parameters={"limit": 3})
    assert (done.outcome, done.error["what"]) == ("refused", "The notebook names no kernel.")


def test_a_refused_parameter_leaves_no_trace(project):
    path = phase(project, "1")
    for parameters in (
        {"target": "postgres://app:hunter2@db/app"},
        {"limit": "many"},
        {"unknown": "1"},
    ):
        with pytest.raises(Refused):
            run(project, path, parameters=parameters)
    assert not (project / "runs").exists()


def test_no_secret_reaches_any_file_of_the_record(project):
    path = phase(
        project,
        "w = 'hun' + 'ter2'\nk = chr(112) + 'assword='\ndsn = 'postgres:/' + f'/a:{w}@h/d'",
        "import warnings\nprint(dsn)\nwarnings.warn(k + w)",
        "from IPython.display import HTML, Markdown, display\ndisplay(HTML(f'<td>{k}{w}</td>'))\n"
        "display(Markdown(dsn))\ndisplay({'text/plain': dsn, 'application/json': [dsn]}, raw=True)",
        "import ipywidgets\nipywidgets.HTML(value=dsn)",
        "import os; os.write(2, dsn.encode())",
        "raise RuntimeError(dsn)",
    )
    done = run(project, path)
    assert done.outcome == "failed"
    for file in done.path.iterdir():
        assert "hunter2" not in file.read_text(), file.name
    assert "postgres://a:***@h/d" in (done.path / "record.html").read_text()


def test_two_runs_in_the_same_second_make_two_records(project, monkeypatch):
    moment = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
    first = archive.begin(project / "runs", archive.name(moment, "p", "t"))
    second = archive.begin(project / "runs", archive.name(moment, "p", "t"))
    assert first.name[:16] == second.name[:16]
    assert first.name != second.name
    (first.folder / "x").write_text("1")
    (project / "runs" / first.name).mkdir()
    (project / "runs" / first.name / "x").write_text("other")
    path = archive.finish(first, archive.free_name(first))
    assert path.name != first.name
    assert (project / "runs" / first.name / "x").read_text() == "other"
    assert (path / "x").read_text() == "1"


KILLED = """
import sys
from pathlib import Path
from runbook import record
project = Path(sys.argv[1])
record.run(project / "notebooks" / "01_phase.ipynb", phase="event-wizard", target="embedded",
           parameters={}, runs=project / "runs", project=project,
           on_event=lambda event: print(event.kind, event.number, flush=True))
"""


@pytest.fixture
def killed(project: Path) -> Path:
    """A project whose run was killed with SIGKILL in its third cell."""
    phase(project, "## Long\nstep", "print('done before')", "import time; time.sleep(60)", "4")
    process = python(KILLED, project)
    until(lambda: process.stdout.readline() == "started 3\n")
    process.kill()
    process.communicate()
    return project


def test_a_killed_run_is_archived_as_interrupted_by_the_next_one(killed):
    [draft] = (killed / "runs").glob(".unfinished-*/")
    assert record.records(killed / "runs") == []
    left = unfinished.read(draft)
    assert [
        c["metadata"]["papermill"]["status"] for c in left["cells"] if c["cell_type"] == "code"
    ] == [*("completed", "completed", "running", "pending")]
    assert "done before" in json.dumps(left)

    done = run(killed, phase(killed, "1", name="02.ipynb"))
    interrupted, passed = record.records(killed / "runs")
    assert passed.name == done.name
    assert (interrupted.outcome, interrupted.exit_code) == ("interrupted", 5)
    assert interrupted.name == draft.name.removeprefix(".unfinished-")
    assert "Long · import time; time.sleep(60)" in interrupted.error["what"]
    assert interrupted.document["recovered"] > interrupted.ended
    statuses = [cell["status"] for cell in interrupted.document["cells"]]
    assert statuses == ["completed", "completed", "failed", "pending"]
    assert "done before" in (interrupted.path / "record.html").read_text()
    assert not list((killed / "runs").glob(".unfinished*"))


def test_what_was_kept_of_a_notebook_is_what_was_saved_last(tmp_path, monkeypatch):
    nb = notebook("1", "2", "3")
    kept = unfinished.Unfinished(tmp_path)
    assert unfinished.read(tmp_path) is None
    kept.save(nb, [0, 1, 2])
    for index in (0, 1):
        nb.cells[index].outputs = [nbformat.v4.new_output("stream", text="ü" * 99)]
        nb.metadata["papermill"] = {"at": index, "end_time": None}
        kept.save(nb, [index])
        assert unfinished.read(tmp_path) == nb
    before = json.dumps(unfinished.read(tmp_path))
    nb.cells[2].source = "a text that is longer than what follows it"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept.save(nb, [2])
    lines = tmp_path / "executed.jsonl"
    lines.write_bytes(lines.read_bytes()[:-30])  # what a process killed in its write leaves
    assert json.dumps(unfinished.read(tmp_path)) == before
    nb.cells[2].source = "shorter"
    kept.save(nb, [2])
    assert unfinished.read(tmp_path) == nb
    nb.metadata["papermill"]["end_time"] = "now"
    unfinished.whole(tmp_path, json.dumps(nb))
    assert unfinished.read(tmp_path) == nb
    lines.write_text('{"metadata": {}, "cells": {"0": {}}}\n')  # killed before it was removed
    assert unfinished.read(tmp_path) == nb


def test_a_run_that_lives_is_not_taken_for_a_killed_one(project):
    draft = archive.begin(project / "runs", "20261122T120000Z_p_t_00000000")
    (draft.folder / "draft.json").write_text("{}")
    assert record.recover(project / "runs") == []
    assert draft.folder.exists()


def test_ctrl_c_is_archived_as_interrupted_and_returned(project):
    phase(project, "1", "import time; time.sleep(60)", "3")
    process = python(
        KILLED.replace("record.run(", "r = record.run(") + "print(r.outcome, r.exit_code)", project
    )
    until(lambda: process.stdout.readline() == "started 3\n")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert "interrupted 5" in out, err
    [found] = record.records(project / "runs")
    assert found.outcome == "interrupted"
    assert "Ctrl-C" in found.error["what"]
    assert not list((project / "runs").glob(".unfinished*"))


def test_without_a_place_for_records_nothing_is_run(project):
    (project / "runs").write_text("a file")
    path = phase(project, f"open({str(project / 'ran')!r}, 'w')")
    with pytest.raises(Refused, match="Records cannot be written"):
        run(project, path)
    assert not (project / "ran").exists()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 20 MB, unmounted at the end."""
    place = tmp_path / "small"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)], capture_output=True
        ).returncode
    ):
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_folder_of_records_is_refused(project, request):
    if os.geteuid() == 0:  # whom no mode of a folder stops
        place = request.getfixturevalue("small_disk")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    else:
        place = project / "closed"
        place.mkdir(mode=0o555)
    with pytest.raises(Refused, match=r"Read-only file system|Permission denied"):
        run(project, phase(project, "1"), runs=place / "runs")


def test_a_disk_that_fills_up_loses_nothing_and_the_next_run_archives_it(project, small_disk):
    runs = small_disk / "runs"
    fill = (
        "import os\nfill = open(os.environ['RUNBOOK_RECORD'] + '/../../fill', 'wb', buffering=0)\n"
        "try:\n    while fill.write(bytes(4096)): pass\nexcept OSError: print('full')"
    )
    with pytest.raises(NotArchived) as caught:
        run(project, phase(project, "print('first')", fill, "print('never')"), runs=runs)
    error = caught.value
    assert "could not be archived: No space left on device" in error.what
    assert str(runs) in error.remedy
    copy = Path(re.search(r"complete copy is in (\S+?)\.( |$)", error.remedy)[1])
    kept = record.read(copy)
    assert [cell["status"] for cell in kept.document["cells"]] == [
        *("completed", "completed", "completed", "pending")
    ]
    assert record.records(runs) == []

    (small_disk / "fill").unlink()
    [found] = record.recover(runs)
    assert found.path.parent == runs
    assert found.outcome == "interrupted"
    for file in copy.iterdir():
        file.unlink()
    copy.rmdir()


def test_the_list_passes_over_what_is_no_record_and_a_closed_draft_keeps_its_outcome(
    project, monkeypatch
):
    runs = project / "runs"
    assert record.records(runs) == []
    done = run(project, phase(project, "1"))
    for name, content in {
        "empty": None,
        "text": "not json",
        "list": "[]",
        "other": '{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"}',
        "half": '{"_type": "https://in-toto.io/Statement/v1", "predicate": {"schema": 1}, '
        '"predicateType": "urn:migration-runbook:record:v1"}',
        "binary": "\x00",
    }.items():
        (runs / name).mkdir()
        if content is not None:
            (runs / name / "manifest.json").write_text(content)
    (runs / "file").write_text("x")
    assert [each.name for each in record.records(runs)] == [done.name]

    # Killed after its outcome was written, before its manifest. Something else beside it is
    # beyond repair, and does not stand in its way:
    (runs / ".unfinished-junk").mkdir()
    (runs / ".unfinished-junk" / "draft.json").write_text("[]")
    draft = done.path.with_name(f".unfinished-{done.name}")
    done.path.rename(draft)
    (draft / "draft.json").write_text(json.dumps(done.document))
    for name in ("record.html", "manifest.json"):
        (draft / name).unlink()
    monkeypatch.setattr(page, "render", lambda *_, **__: 1 / 0)
    [again] = record.recover(runs)
    assert (again.name, again.outcome, again.ended) == (done.name, "passed", done.ended)
    assert "division by zero" in again.document["page"]
    assert done.document["id"] in (again.path / "record.html").read_text()
    assert (runs / ".unfinished-junk").exists()


def test_the_commit_and_changed_files_are_known(project):
    git = ["git", "-C", str(project), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    (project / ".gitignore").write_text("/runs/\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    (project / "runs").mkdir()
    (project / "runs" / "x").write_text("ignored")
    clean = provenance.commit(project)
    (project / "migrations" / "plan.toml").write_text("changed")
    dirty = provenance.commit(project)
    assert len(clean["commit"]) == 40
    assert (clean["dirty"], dirty["dirty"]) == (False, True)


def test_the_record_says_how_the_operator_is_known(monkeypatch):
    monkeypatch.setenv("LOGNAME", "grace")
    monkeypatch.delenv("RUNBOOK_OPERATOR", raising=False)
    login = {"name": "grace", "established": "login name of the account that ran it"}
    assert provenance.operator({}) == login
    assert provenance.operator({"operator": " grace "}) == login
    monkeypatch.setenv("RUNBOOK_OPERATOR", "ci")
    assert "RUNBOOK_OPERATOR" in provenance.operator({"operator": ""})["established"]
    assert provenance.operator({"operator": "Ada"})["name"] == "Ada"


def test_listing_records_does_not_load_papermill():
    code = (
        "import sys, runbook.record; print('papermill' in sys.modules, 'nbformat' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
