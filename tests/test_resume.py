"""Whoever comes next continues where the ledger says: another kernel, person, connection."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from runbook.errors import NotApplied, OutOfOrder
from runbook.in_hand.opened import open_phase
from sandbox import Background, Project, until

pytest_plugins = ("engine_fixtures",)

TABLE = "create table public.{0} (id int);\nalter table public.{0} enable row level security;\n"


def _two(project: Project, slow: str = "") -> tuple[str, str]:
    return tuple(
        project.add(name, slow + TABLE.format(name), tables=(f"public.{name}",),
                    rollback=f"drop table public.{name};\n")
        for name in ("one", "two")
    )  # fmt: skip


def test_another_operator_on_another_machine_continues_where_the_first_stopped(
    project: Project, tmp_path: Path
):
    one, two = _two(project)
    project.applied(one)  # ada's machine dies here: verify, test, checkpoint are missing
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project.folder, elsewhere / "migrations")
    phase = open_phase("one", target=project.name, operator="bob", project=elsewhere)
    with pytest.raises(OutOfOrder, match="checkpoint is missing") as caught:
        phase["two"].precheck()
    assert "one.checkpoint()" in caught.value.remedy
    before = len(project.events())
    shown = phase["one"].apply()
    assert "Recorded: ada" in shown.note
    assert "Nothing was run now" in shown.note
    assert len(project.events()) == before
    step = phase["one"]
    with pytest.raises(OutOfOrder, match="test of one comes after verify"):
        step.test()
    for stage in (step.verify, step.test, step.checkpoint):
        stage()
    for stage in ("precheck", "apply", "verify", "test", "checkpoint"):
        getattr(phase["two"], stage)()
    assert project.history() == [one, two]
    who = {(e.version, e.stage): e.operator for e in project.events() if e.state == "passed"}
    assert who[one, "apply"] == "ada"
    assert {who[one, "verify"], who[two, "apply"]} == {"bob"}


@pytest.mark.parametrize("how", ["terminated", "cut"])
def test_a_connection_lost_in_mid_cell_leaves_a_cell_that_can_be_run_again(
    project: Project, how: str
):
    one, _ = _two(project, slow="select pg_sleep(2);\n")
    phase = project.open()
    step = phase["one"]
    step.precheck()
    before = project.fingerprint()
    pid = phase.conn.info.backend_pid
    work = Background(step.apply)
    asleep = (
        f"select count(*) from pg_stat_activity where pid = {pid} and state = 'active'"
        " and query like 'select pg_sleep%'"
    )
    until(lambda: project.value(asleep))
    if how == "terminated":
        project.sql("select pg_terminate_backend(%s)", pid)
    else:
        socket.socket(fileno=os.dup(phase.conn.fileno())).shutdown(socket.SHUT_RDWR)
    error = work.error()
    assert isinstance(error, NotApplied)
    assert "connection was lost" in error.what
    assert "rolled back" in error.state
    assert "Run this cell again" in error.remedy
    assert (project.history(), project.fingerprint()) == ([], before)
    assert step.apply() is not None  # the same cell, the same kernel
    assert project.history() == [one]
