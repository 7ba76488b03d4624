"""One runner at a time per database; others wait visibly, and the dead hold nothing."""

from __future__ import annotations

import time

import pytest
from runbook.applying import lock
from runbook.errors import Held
from sandbox import Background, Project, until

pytest_plugins = ("engine_fixtures",)


def test_whoever_waits_is_told_the_holder_once_and_gets_in_when_they_leave(project: Project):
    said: list[str] = []

    def wait() -> float:
        with lock.hold(project.target, "bob", wait_s=20, on_wait=said.append):
            return time.monotonic()

    with lock.hold(project.target, "ada"):
        waiting = Background(wait)
        until(lambda: said)
        time.sleep(0.3)
        left = time.monotonic()
    assert waiting.result() >= left
    assert len(said) == 1
    assert said[0].startswith("runbook ada: lock (pid ")


def test_after_the_wait_it_is_refused_with_the_holders_name(project: Project):
    with (
        lock.hold(project.target, "ada"),
        pytest.raises(Held, match=r"is held by runbook ada: lock \(pid \d+") as caught,
        lock.hold(project.target, "bob", wait_s=0.2),
    ):
        pass
    assert caught.value.exit_code == 2
    assert "Nothing was started" in caught.value.state


def test_an_error_inside_lets_go(project: Project):
    with pytest.raises(ValueError, match="x"), lock.hold(project.target, "ada"):
        raise ValueError("x")
    with lock.hold(project.target, "bob", wait_s=1):
        pass


def test_a_waiter_holds_no_transaction_that_could_block_an_index_build(project: Project):
    project.sql("create table public.t (id int)")
    with lock.hold(project.target, "ada"):
        waiting = Background(lambda: _try(project))
        until(lambda: project.sql("select 1 from pg_stat_activity where application_name ~ 'bob'"))
        project.sql("create index concurrently i on public.t (id)")
        assert isinstance(waiting.error(), Held)


def _try(project: Project) -> None:
    with lock.hold(project.target, "bob", wait_s=2):
        pass
