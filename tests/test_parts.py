"""Migrations that cannot run in one transaction: each part once, leftovers removed, resumable."""

from __future__ import annotations

import pytest
from runbook import catalog
from runbook.applying.waiting import Limits, Progress
from runbook.errors import FileInvalid, LockTimeout, NotApplied, StatementFailed
from runbook.statements.transactions import split_parts
from sandbox import Background, Project, until

pytest_plugins = ("engine_fixtures",)

MIXED = """\
create table public.fresh (id int);
insert into public.log values ('first');
create index concurrently big_n on public.big (n);
insert into public.log values ('second');
create index concurrently if not exists big_m on public.big (m);
"""
TABLES = ("public.fresh",)
BIG = """
create table public.big (n int, m int);
insert into public.big select i, i from generate_series(1, 100) i;
create table public.log (what text);
"""


def _indexes(project: Project) -> dict[str, bool]:
    return dict(
        project.sql(
            "select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = indexrelid"
            " where i.indrelid = 'public.big'::regclass order by 1"
        )
    )


def _log(project: Project) -> list[str]:
    return [row[0] for row in project.sql("select what from public.log order by what")]


def test_consecutive_statements_share_a_transaction_and_the_others_stand_alone(project: Project):
    project.sql(BIG)
    version = project.add("mixed", MIXED, tables=TABLES)
    parts = split_parts(project.migration(version).script)
    assert [len(part) for part in parts] == [2, 1, 1, 1]
    applied = project.engine(version)
    assert applied.parts == 4
    assert _indexes(project) == {"big_m": True, "big_n": True}
    assert _log(project) == ["first", "second"]
    assert project.history() == [version]
    assert project.states(version) == [
        ("part", "passed"),
        ("part", "started"),
        ("part", "passed"),
        ("part", "passed"),
        ("part", "started"),
        ("part", "passed"),
        ("apply", "passed"),
    ]


def test_a_concurrent_index_alone_is_built_and_recorded(project: Project):
    project.sql(BIG)
    version = project.add("alone", "create index concurrently big_n on public.big (n);\n")
    project.engine(version)
    assert _indexes(project) == {"big_n": True}
    assert project.history() == [version]


def test_a_build_that_is_killed_is_cleared_and_finished_by_the_next_run(project: Project):
    project.sql(BIG)
    version = project.add("mixed", MIXED, tables=TABLES)
    before = project.fingerprint()
    with project.connect() as reader, project.connect() as other, reader.transaction():
        reader.execute("insert into public.big values (0, 0)")  # the build waits for us
        work = Background(lambda: project.engine(version))
        until(
            lambda: other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like"
                " 'create index concurrently%%' and wait_event_type = 'Lock'"
                " and datname = current_database()"
            ).fetchone()
        )
        error = work.error()
    assert isinstance(error, NotApplied)
    assert "the 1 before line 3 are committed" in error.state
    assert "history has no row" in error.state
    assert _indexes(project) == {"big_n": False}
    assert (project.history(), _log(project)) == ([], ["first"])

    project.engine(version)
    assert _indexes(project) == {"big_m": True, "big_n": True}
    assert _log(project) == ["first", "second"]  # each part once
    assert project.history() == [version]
    # A rollback has to restore the catalog from before the first run.
    assert project.events(version)[-1].detail["before"] == before


def test_a_build_that_fails_leaves_no_invalid_index_behind(project: Project):
    project.sql(BIG)
    project.sql("insert into public.big values (1, 1)")
    text = "create unique index concurrently big_n on public.big (n);\n"
    version = project.add("twice", text)
    with pytest.raises(StatementFailed, match="could not create unique index") as caught:
        project.engine(version)
    assert "line 1" in caught.value.what
    assert _indexes(project) == {}


def test_if_not_exists_does_not_take_an_invalid_leftover_for_the_index(project: Project):
    project.sql(BIG)
    project.sql("insert into public.big values (1, 1)")
    with project.connect() as conn, pytest.raises(Exception, match="could not create unique"):
        conn.execute("create unique index concurrently big_m on public.big (n)")
    assert _indexes(project) == {"big_m": False}
    text = "create index concurrently if not exists big_m on public.big (m);\n"
    version = project.add("leftover", text)
    project.engine(version)
    assert _indexes(project) == {"big_m": True}


def test_a_later_part_may_be_mended_and_a_committed_one_may_not(project: Project):
    project.sql(BIG)
    broken = MIXED.replace("big_m on public.big (m)", "big_m on public.big (nowhere)")
    version = project.add("mixed", broken, tables=TABLES)
    with pytest.raises(StatementFailed, match="nowhere"):
        project.engine(version)
    project.file(version).write_text(MIXED.replace("('first')", "('other')"))
    with pytest.raises(FileInvalid, match="part 1 was committed by an earlier run") as caught:
        project.engine(version)
    assert "3 parts are committed" in caught.value.state
    project.file(version).write_text(MIXED)
    project.engine(version)
    assert _log(project) == ["first", "second"]
    assert project.history() == [version]


def test_the_five_stages_go_on_after_an_interrupted_part(project: Project):
    """In a new kernel: the precheck must not stumble over what the first parts made."""
    project.sql(BIG)
    project.sql("insert into public.big values (1, 1)")
    text = MIXED.replace("create index", "create unique index", 1)
    text = text.replace(";\n", ";\nalter table public.fresh enable row level security;\n", 1)
    version = project.add("mixed", text, tables=TABLES)
    step = project.step(version)
    step.precheck()
    with pytest.raises(StatementFailed):
        step.apply()
    project.sql("delete from public.big where ctid in (select max(ctid) from public.big)")
    project.close(version)
    assert project.history() == [version]
    assert _log(project) == ["first", "second"]
    assert project.states(version)[-1] == ("checkpoint", "passed")


def test_a_transactional_part_gives_way_to_a_lock_and_names_its_holder(project: Project):
    project.sql(BIG)
    text = "create index concurrently big_n on public.big (n);\nalter table public.big add x int;\n"
    version = project.add("blocked", text)
    said: list[Progress] = []
    with project.connect() as reader:
        reader.execute("begin")
        reader.execute("select from public.big")
        with pytest.raises(LockTimeout, match=f"pid {reader.info.backend_pid}") as caught:
            project.engine(version, Limits(lock_timeout_ms=300, retries=1), said.append)
        reader.rollback()
    assert "2 attempts" in caught.value.what
    assert "the 1 before line 2 are committed" in caught.value.state
    project.engine(version)
    assert project.history() == [version]


def test_an_index_is_dropped_concurrently_once(project: Project):
    project.sql(BIG)
    project.sql("create index big_n on public.big (n)")
    version = project.add("drops", "drop index concurrently public.big_n;\n")
    project.engine(version)
    assert _indexes(project) == {}
    with project.connect() as conn:
        assert catalog.snapshot(conn).get("index", ("public", "big_n")) is None


def test_a_concurrent_index_without_a_name_is_refused(project: Project):
    version = project.add("nameless", "create index concurrently on public.big (n);\n")
    with pytest.raises(FileInvalid, match=r"line 1: .* without a name"):
        _ = project.migration(version).script
