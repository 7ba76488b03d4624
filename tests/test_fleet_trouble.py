"""A fleet's run that is disturbed: what passes is tried again, an interrupt is summed up."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from runbook import record
from runbook.audit import verifying
from runbook.findings import FAIL
from runbook.fleet.run import cluster
from sandbox import Background, Project, until
from tenants import Tenants, environment, fleet, summaries

pytest_plugins = ("engine_fixtures",)


def _outcomes(project: Project) -> list[str]:
    found = record.records(project.root / "runs")
    return [each.outcome for each in found if each.phase != "fleet"]


@pytest.mark.slow
def test_a_lock_timeout_is_tried_again_and_leaves_a_record_of_each_attempt(tenants: Tenants):
    project = tenants.project
    tenants.make(1, protected=False)
    tenants.write(waves=["100%"], retries=3)
    with project.connect(elsewhere=tenants.names[0]) as colleague, colleague.transaction():
        colleague.execute("lock table visits in share mode")
        run = Background(lambda: fleet(project, "one", "--mode", "apply", "--workers", "1",
                                       "--lock-timeout-ms", "100"))  # fmt: skip
        until(lambda: "failed" in _outcomes(project), seconds=120)
    done = run.result(240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tenants.applied() == [1]
    outcomes = _outcomes(project)
    assert outcomes[-1] == "passed"
    assert set(outcomes[:-1]) == {"failed"}
    said = summaries(project)[-1].document
    assert len(said["targets"][tenants.targets[0]]["records"]) == len(outcomes)


@pytest.mark.slow
def test_ctrl_c_is_summed_up_as_interrupted_and_the_next_run_takes_the_rest(tenants: Tenants):
    project = tenants.project
    tenants.make(3, protected=False)
    tenants.write(waves=["100%"])
    root = project.root
    command = [sys.executable, "-m", "runbook", "fleet", "run", "one", "--project", str(root),
               "--targets", str(root / "targets.toml"), "--mode", "apply",
               "--workers", "1"]  # fmt: skip
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    until(lambda: "passed" in _outcomes(project), seconds=120)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130, out + err
    (summary,) = summaries(project)
    assert summary.outcome == "interrupted"
    assert f"Summary: runs/{summary.name}" in out

    again = fleet(project, "one", "--mode", "apply", "--workers", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert tenants.applied() == [1, 1, 1]
    assert _failed(root / "runs") == []


def test_a_second_cluster_on_the_machine_is_nothing_to_warn_of():
    with socket.socket() as taken, warnings.catch_warnings():
        with contextlib.suppress(OSError):  # by somebody else's, which is as good
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        warnings.simplefilter("error")
        with cluster("", 1) as client:
            assert client.submit(len, "abc").result() == 3


def _failed(runs: Path) -> list:
    return [row for row in verifying.archive(runs) if row.verdict == FAIL]
