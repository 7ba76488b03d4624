"""A busy database: the engine gives way to whoever queues behind it, and gets through at last."""

from __future__ import annotations

import threading
import time

from runbook.applying.waiting import Limits, Progress
from sandbox import Background, Project, until

pytest_plugins = ("engine_fixtures",)


def test_a_load_goes_on_while_the_engine_tries_again_behind_a_forgotten_reader(project: Project):
    project.sql("create table public.busy (id int primary key, n int not null default 0);"
                "insert into public.busy values (1)")  # fmt: skip
    version = project.add("col", "alter table public.busy add column note text;\n")
    said: list[Progress] = []
    done, over = [], threading.Event()

    def load() -> None:
        with project.connect() as conn:
            while not over.is_set():
                conn.execute("update public.busy set n = n + 1")
                done.append(time.monotonic())

    writer = threading.Thread(target=load)
    with project.connect() as reader:
        reader.execute("begin")
        reader.execute("select from public.busy")
        writer.start()
        limits = Limits(lock_timeout_ms=200, retries=50)
        work = Background(lambda: project.engine(version, limits, said.append))
        until(lambda: sum("retry" in p.waiting for p in said) >= 2)
        written_between = len(done)
        until(lambda: len(done) > written_between)  # it still goes on
        assert project.history() == []
        reader.execute("commit")
    applied = work.result()
    over.set()
    writer.join()
    assert applied.attempts >= 3
    assert project.history() == [version]
    assert any("held by" in p.waiting or "waiting for" in p.waiting for p in said)
    assert project.value("select n from public.busy") == len(done)  # and none of it was lost
