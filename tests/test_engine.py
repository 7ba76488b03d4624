"""The executed notebook tells the truth, on real kernels that end in every way."""

from __future__ import annotations

import json
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from made_notebooks import notebook, on_disk, python, until
from runbook.errors import InDoubt, Refused
from runbook.kernels import engine
from runbook.kernels.parameters import check_parameters
from runbook.kernels.parameters import defaults as parameter_defaults

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"


class Run:
    """One execution through papermill's API: the notebook as saved, the events, the error."""

    def __init__(self, *cells: str, kernel: str = "python3", **options: Any) -> None:
        self.events: list[engine.CellEvent] = []
        self.saved: Any = None
        self.ever_saved = ""
        self.error: BaseException | None = None
        try:
            engine.execute_notebook(
                notebook(*cells, kernel=kernel),
                None,
                engine_name=engine.NAME,
                progress_bar=False,
                save=self._save,
                on_event=self.events.append,
                **options,
            )
        except BaseException as error:
            self.error = error

    def _save(self, nb: Any, changed: Collection[int]) -> None:
        text = json.dumps(nb)
        before, self.saved = self.saved, json.loads(text)
        self.ever_saved += text
        if before:  # whoever keeps only what is said to have changed misses nothing
            same = [cell for i, cell in enumerate(self.saved["cells"]) if i not in changed]
            assert same == [cell for i, cell in enumerate(before["cells"]) if i not in changed]

    @property
    def statuses(self) -> list[str]:
        cells = [cell for cell in self.saved["cells"] if cell["cell_type"] == "code"]
        return [cell["metadata"]["papermill"]["status"] for cell in cells]

    @property
    def status(self) -> str:
        return self.saved["metadata"]["papermill"]["status"]

    @property
    def told(self) -> str:
        return self.saved["metadata"]["papermill"]["error"]

    def text(self, index: int) -> str:
        return json.dumps(self.saved["cells"][index]["outputs"], ensure_ascii=False)


def test_a_notebook_that_passes_says_when_each_cell_started_and_ended():
    run = Run("# Title", "## Step one", "1 + 1", "# a comment\nprint('a', end='')\nprint('b')")
    assert run.error is None
    assert (run.status, run.statuses) == ("completed", ["completed"])
    seen = run.saved["cells"][2]["metadata"]["papermill"]
    assert seen["start_time"] < seen["end_time"]
    assert seen["duration"] > 0
    assert [event.kind for event in run.events] == ["started", "finished"]
    assert (run.events[0].heading, run.events[0].line) == ("Step one", "1 + 1")
    assert run.events[1].seconds > 0


def test_a_killed_kernel_fails_its_cell_keeps_what_it_said_and_runs_no_further():
    run = Run(
        "1",
        "import os, signal, time\nprint('last words')\ntime.sleep(0.2)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        "2",
    )
    assert isinstance(run.error, InDoubt)
    assert "SIGKILL" in run.error.what
    assert run.statuses == ["completed", "failed", "pending"]
    assert run.status == "failed"
    assert "last words" in run.text(1)
    assert run.events[-1].kind == "failed"
    assert "SIGKILL" in run.events[-1].what


def test_a_crashed_kernel_leaves_its_own_report_in_the_cell():
    run = Run("import ctypes\nctypes.string_at(0)")
    assert "SIGSEGV" in run.error.what
    assert "Segmentation fault" in run.text(0)


def test_a_cell_past_its_limit_is_interrupted_and_fails_with_what_it_said():
    run = Run(
        "import time\nprint('before')\ntry: time.sleep(60)\nfinally: print('cancelled')",
        "2",
        cell_timeout_s=1,
    )
    assert isinstance(run.error, InDoubt)
    assert run.error.what == "The cell passed its limit of 1 s; it was interrupted."
    assert run.statuses == ["failed", "pending"]
    assert "before" in run.text(0)
    assert "cancelled" in run.text(0)


def test_the_limit_of_the_whole_notebook_holds_across_cells():
    run = Run("import time", "time.sleep(0.1)", "time.sleep(60)", "4", timeout_s=3)
    assert "The notebook passed its limit of 3 s" in run.error.what
    assert run.statuses == ["completed", "completed", "failed", "pending"]


def test_a_cell_that_does_not_obey_is_ended_with_its_kernel(monkeypatch):
    monkeypatch.setattr("runbook.kernels.kernel.GRACE_S", 0.5)
    stubborn = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    run = Run(stubborn, "2", cell_timeout_s=1)
    assert "passed its limit" in run.error.what
    assert run.statuses == ["failed", "pending"]
    assert run.events[-1].seconds < 10


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "exit()"])
def test_a_cell_that_exits_is_a_failure(leave):
    run = Run(leave, "2")
    assert isinstance(run.error, InDoubt)
    assert "exit()" in run.error.what
    assert run.statuses == ["failed", "pending"]
    assert run.status == "failed"


def test_an_exception_fails_its_cell_and_reaches_the_caller():
    run = Run("1", "1 / 0", "3")
    assert run.error.ename == "ZeroDivisionError"
    assert run.statuses == ["completed", "failed", "pending"]
    assert run.told == "ZeroDivisionError: division by zero"


def test_our_errors_show_three_sentences_and_no_frames():
    run = Run(
        "from runbook.errors import LockTimeout",
        "raise LockTimeout('Gave way.', remedy='Run again.')",
    )
    assert run.error.ename == "LockTimeout"
    [output] = run.saved["cells"][1]["outputs"]
    assert "errors.py" not in "".join(output["traceback"])
    assert "nothing of this migration remains" in output["evalue"]


def test_a_question_to_the_operator_fails_when_nobody_is_there():
    run = Run("input('sure? ')", "2")
    assert run.error.ename == "StdinNotImplementedError"
    assert run.statuses == ["failed", "pending"]


def test_a_missing_kernel_is_refused_and_no_cell_is_called_completed():
    run = Run("1", kernel="no-such-kernel")
    assert isinstance(run.error, Refused)
    assert "no-such-kernel" in run.error.what
    assert (run.status, run.statuses) == ("failed", ["pending"])


def test_secrets_in_outputs_are_not_saved_not_even_when_they_arrive_in_pieces():
    run = Run(
        "import time\nsecret = ''.join(('hun', 'ter', '2'))\nscheme = 'postgres:/'\n"
        "shown = display('nothing yet', display_id=True)",
        "print(scheme + '/app:', end='', flush=True)\ntime.sleep(0.3)\nprint(secret + '@db/app')",
        f"{'.'.join(JWT.split('.')[:1])!r} + '.' + {JWT.split('.')[1]!r} + '.x1x2x3x4'",
        "print(scheme + f'/app:{secret}@db')\ntime.sleep(1.5)\nprint('more', flush=True)",
        "shown.update(scheme + f'/app:{secret}@db')",
        "raise ValueError(f'{chr(112)}assword=' + secret)",
        autosave_cell_every=1,
    )
    assert "hunter2" not in run.ever_saved + str(run.error) + str(run.events)
    assert JWT.split(".")[1] + "." not in run.ever_saved
    assert "postgres://app:***@db" in run.text(0)
    assert "postgres://app:***@db/app" in run.text(1)


def test_a_notebook_that_holds_a_secret_is_not_run():
    run = Run("dsn = 'postgres://app:hunter2@db/app'")
    assert isinstance(run.error, Refused)
    assert run.saved is None


def test_no_path_of_this_machine_is_saved_with_an_error(tmp_path):
    run = Run("import json\njson.loads('{')", kernel_cwd=tmp_path)
    assert "input_path" not in run.saved["metadata"]["papermill"]
    assert str(Path.home()) not in json.dumps(run.saved)
    assert str(tmp_path) not in json.dumps(run.saved)


def test_a_display_that_a_later_cell_updates_is_saved_with_it():
    run = Run("from IPython.display import display\nshown = display(1, display_id=True)",
              "shown.update('hunter and gatherer')\nimport time; time.sleep(1)")  # fmt: skip
    assert run.error is None
    assert "hunter and gatherer" in run.text(0)


def test_a_full_disk_stops_the_notebook_before_the_next_cell(monkeypatch):
    saves: list[int] = []

    def full(self: Run, nb: Any, changed: Any) -> None:
        saves.append(1)
        if any(cell.get("execution_count") == 1 for cell in nb["cells"]):
            raise OSError(28, "No space left on device")
        self.saved = json.loads(json.dumps(nb))

    monkeypatch.setattr(Run, "_save", full)
    run = Run("1", "2")
    assert "No space left on device" in run.error.what
    assert [event.kind for event in run.events] == ["started", "finished"]


SCRIPT = """
import json, sys
from made_notebooks import notebook
from runbook.kernels import engine
saved = open(sys.argv[1], "w")
def save(nb, changed):
    saved.seek(0); saved.truncate(); saved.write(json.dumps(nb)); saved.flush()
cell = "import time\\ntry: time.sleep(60)\\nfinally: print('cancelled')"
try:
    engine.execute_notebook(notebook("1", cell, "3"), None, engine_name="runbook",
                            progress_bar=False, save=save,
                            on_event=lambda event: print(event.kind, event.number, flush=True))
except KeyboardInterrupt as error:
    print(type(error).__name__, error)
    sys.exit(9)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_interrupts_its_cell_and_says_so(tmp_path, number):
    saved = tmp_path / "saved.json"
    process = python(SCRIPT, saved)
    until(lambda: process.stdout.readline() == "started 2\n")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 9, err
    assert "Interrupted" in out
    nb = json.loads(saved.read_text())
    statuses = [cell["metadata"]["papermill"]["status"] for cell in nb["cells"]]
    assert statuses == ["completed", "failed", "pending"]
    assert nb["metadata"]["papermill"]["status"] == "interrupted"
    assert "cancelled" in json.dumps(nb["cells"][1]["outputs"])


DEFAULTS = "target = 'embedded'\ndry_run: bool = True\nversion = '001'\nlimit = 5\nratio = 0.5\n"


@pytest.fixture
def parameterized(tmp_path: Path) -> Path:
    return on_disk(tmp_path, "1", parameters=DEFAULTS + "tables = ['a']\nanything = None")


def test_values_from_a_command_line_take_the_type_of_their_default(parameterized):
    given = {"dry_run": "false", "version": "001", "limit": "-3", "ratio": "2", "tables": '["b"]'}
    assert check_parameters(parameterized, given) == {
        "dry_run": False,
        "version": "001",
        "limit": -3,
        "ratio": 2.0,
        "tables": ["b"],
    }
    assert list(parameter_defaults(parameterized))[:2] == ["target", "dry_run"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dry_run", "no"),
        ("dry_run", 0),
        ("dry_run", ""),
        ("limit", "5.0"),
        ("limit", "0x5"),
        ("limit", True),
        ("limit", ""),
        ("ratio", "nan"),
        ("ratio", "fast"),
        ("version", 1),
        ("version", None),
        ("tables", "a"),
        ("tables", '{"a": 1}'),
    ],
)
def test_a_value_of_another_type_is_refused(parameterized, name, value):
    with pytest.raises(Refused, match=f"`{name}`"):
        check_parameters(parameterized, {name: value})


def test_an_unknown_parameter_is_refused_with_the_nearest_name(parameterized):
    with pytest.raises(Refused) as caught:
        check_parameters(parameterized, {"dry_rum": "true"})
    assert "no parameter `dry_rum`" in str(caught.value)
    assert "Did you mean `dry_run`?" in str(caught.value)
    assert "target, dry_run, version" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://app:hunter2@db/app",
        "postgres://app:hun@ter2@db/app",
        "host=db password=hunter2",
        "host=db password = 'hunter2",
        JWT,
        "sb_secret_hunter2hunter2",
        {"dsn": ["postgres://app:hunter2@db/app"]},
        {"password": "hunter2"},
    ],
)
@pytest.mark.parametrize("name", ["target", "anything", "unknown"])
def test_a_secret_is_refused_without_being_repeated(parameterized, name, value):
    with pytest.raises(Refused) as caught:
        check_parameters(parameterized, {name: value})
    assert "holds a secret" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert JWT[:20] not in str(caught.value)


def test_a_parameter_named_like_a_password_is_refused(tmp_path):
    path = on_disk(tmp_path, "1", parameters="password = ''")
    assert check_parameters(path, {}) == {}
    with pytest.raises(Refused, match="holds a secret"):
        check_parameters(path, {"password": "hunter2"})


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "target = os.environ['T']",
        "limit = 2 + 2",
        "a = b = 1",
        "a, b = 1, 2",
        "print('x')",
        "target = f'{1}'",
        "target = 'unclosed",
        "a = 1\na = 2",
        "if True:\n    a = 1",
    ],
)
def test_a_parameters_cell_with_anything_but_literals_is_refused(tmp_path, source):
    path = on_disk(tmp_path, "1", parameters=source)
    with pytest.raises(Refused, match="parameters cell"):
        check_parameters(path, {})


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff\xfe", b'{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=r"x\.ipynb"):
        check_parameters(path, {})
