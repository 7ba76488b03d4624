"""A kernel made from the loaded process is the notebook's own, and never stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from made_notebooks import on_disk, python, until
from runbook import record
from runbook.kernels import ahead
from runbook.record import Record

WHO = (
    "import os\nprint(os.getpid(), os.getppid(), os.environ['RUNBOOK_RUN'], os.getcwd(),"
    " os.getsid(0))"
)

PREPARED = """
import time
from runbook.kernels import ahead
made = ahead.Ahead()
made.start()
print(made._loaded[0].pid, flush=True)
time.sleep(60)
"""


RUNNING = """
import sys
from pathlib import Path
from runbook import record
from runbook.kernels import ahead
project = Path(sys.argv[1])
with ahead.kernels() as kernels:
    print(kernels._loaded[0].pid, flush=True)
    record.run(project / "notebooks" / "01_phase.ipynb", phase="p", target="embedded",
               parameters={}, runs=project / "runs", project=project, kernels=kernels,
               on_event=lambda event: print(event.kind, event.number, flush=True))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "migrations").mkdir(parents=True)
    (folder / "notebooks").mkdir()
    return folder


def run(project: Path, kernels: ahead.Ahead | None, *cells: str, **options: Any) -> Record:
    path = on_disk(project / "notebooks", *cells)
    options |= {"parameters": {}, "runs": project / "runs", "project": project}
    return record.run(path, phase="p", target="embedded", kernels=kernels, **options)


def said(done: Record) -> str:
    return (done.path / "executed.ipynb").read_text()


def said_in_output(done: Record) -> list[str]:
    [cell] = json.loads(said(done))["cells"]
    return cell["outputs"][0]["text"]


def loaded(kernels: ahead.Ahead) -> int:
    return kernels._loaded[0].pid


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_each_notebook_gets_a_process_of_its_own_made_from_the_loaded_one(project):
    used = set()
    with ahead.kernels() as kernels:
        for _ in range(2):
            done = run(project, kernels, f"{WHO}\nassert 'mark' not in globals()\nmark = 1")
            assert done.outcome == "passed"
            pid = int(said_in_output(done)[0].split()[0])
            words = f"{pid} {loaded(kernels)} {done.document['id']} {project} {pid}"
            assert words in said(done)
            assert not alive(pid)
            used.add(pid)
        assert len(used | {loaded(kernels)}) == 3


def test_two_kernels_from_one_process_share_no_random_numbers(project):
    draws = "import random, uuid, numpy\nprint(random.random(), uuid.uuid4(), numpy.random.rand())"
    with ahead.kernels() as kernels:
        one, two = (said_in_output(run(project, kernels, draws))[0].split() for _ in range(2))
    assert not set(one) & set(two)


def test_a_kernel_started_ahead_behaves_like_any_other(project):
    cells = "import sys\nprint(sys.path, sys.argv[0].rpartition('/')[2], sys.flags, __name__)"
    with ahead.kernels() as kernels:
        one = run(project, kernels, cells)
    assert said_in_output(one) == said_in_output(run(project, None, cells))


def test_what_a_kernel_says_past_its_channels_reaches_the_record(project):
    with ahead.kernels() as kernels:
        done = run(project, kernels, "import os\nos.system('echo last words >&2')\nos.abort()")
    assert done.outcome == "failed"
    assert done.exit_code == 5
    assert "last words" in said(done)
    assert "SIGABRT" in done.error["what"]


def test_without_the_loaded_process_a_kernel_is_started_as_ever(project):
    with ahead.kernels() as kernels:
        os.kill(loaded(kernels), signal.SIGKILL)
        kernels._loaded[0].wait()
        done = run(project, kernels, "print('all the same')")
    assert done.outcome == "passed"
    assert "all the same" in said(done)


def test_a_kernel_dies_with_the_process_that_made_it_and_the_run_says_so(project):
    with ahead.kernels() as kernels:
        cell = f"import os, time\nos.kill({loaded(kernels)}, 9)\ntime.sleep(60)"
        done = run(project, kernels, cell)
    assert (done.outcome, done.exit_code) == ("failed", 5)
    assert "was killed" in done.error["what"]


def test_a_process_that_nobody_needed_ends_with_the_run():
    with ahead.kernels() as kernels:
        pid = loaded(kernels)
        assert alive(pid)
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_waiting_process_does_not_outlive_the_one_that_started_it(number):
    parent = python(PREPARED)
    pid = int(parent.stdout.readline())
    assert alive(pid)
    os.kill(parent.pid, number)
    parent.communicate()
    until(lambda: not alive(pid))


def test_a_kernel_in_its_cell_and_the_loaded_process_end_when_the_run_is_killed(project):
    on_disk(project / "notebooks", "import time; time.sleep(300)")
    parent = python(RUNNING, project)
    maker = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "started 1\n"
    [kernel] = maker.children()
    parent.kill()
    parent.communicate()
    until(lambda: not alive(kernel.pid) and not alive(maker.pid))


def test_another_kernel_than_this_environments_is_not_made_from_the_loaded_process():
    async def taken(command: list[str]) -> Any:
        return await kernels.take(command, env={}, cwd=None, output=None)

    with ahead.kernels() as kernels:
        assert asyncio.run(taken(["ruby", "-m", "kernel"])) is None
        assert asyncio.run(taken([sys.executable, "-X", "dev", "-m"])) is None
