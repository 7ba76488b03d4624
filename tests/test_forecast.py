"""What a migration will lock is measured on the twin, and held against what it locked."""

import pytest
from runbook.findings import PASS, SKIP, WARN
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

EXISTING = """
create table public.people (id int primary key, name text);
create table public.crowd as select n as id, 'x' as name from generate_series(1, 20000) as n;
analyze public.crowd;
"""
CASES = {
    "create table public.n (id int primary key references public.people);": (
        "public.people",
        "ShareRowExclusiveLock: blocks writes; fewer than 10,000 rows",
        PASS,
    ),
    "alter table public.people add column at timestamptz;": (
        "public.people",
        "AccessExclusiveLock: blocks reads and writes; fewer than 10,000 rows",
        PASS,
    ),
    "alter table public.people alter column id type bigint;": (
        "public.people",
        "AccessExclusiveLock: blocks reads and writes; fewer than 10,000 rows;"
        " the whole table is rewritten",
        WARN,
    ),
    "alter table public.crowd alter column id set not null;": (
        "public.crowd",
        "AccessExclusiveLock: blocks reads and writes; about 20,000 rows, 1 MB;"
        " every row is looked at for NULL",
        WARN,
    ),
    "create index on public.crowd (id);": (
        "public.crowd",
        "ShareLock: blocks writes; about 20,000 rows, 1 MB; an index is built over every row",
        WARN,
    ),
    "alter table public.crowd add constraint c check (id > 0) not valid;": (
        "public.crowd",
        "AccessExclusiveLock: blocks reads and writes; about 20,000 rows, 1 MB",
        WARN,
    ),
}


def _locks(table, check: str) -> dict[str, tuple]:
    return {
        row.object: (row.expected, row.observed, row.verdict)
        for row in table.itertuples()
        if row.check == check
    }


@pytest.mark.parametrize("sql", CASES)
def test_the_forecast_names_mode_size_rewrite_and_scan(project: Project, sql: str):
    project.sql(EXISTING)
    tables = ("public.n",) if sql.startswith("create table") else ()
    one = project.add("one", sql, tables=tables)
    shown = project.step(one).precheck()
    name, observed, verdict = CASES[sql]
    assert _locks(shown, "Lock forecast")[name][1:] == (observed, verdict)


def test_a_file_that_touches_nothing_existing_locks_nothing(project: Project):
    one = project.add("one", "create table public.n (id int primary key);", tables=("public.n",))
    shown = project.step(one).precheck()
    assert _locks(shown, "Lock forecast") == {
        "existing tables": ("none blocked", "none locked", PASS)
    }


def test_without_a_twin_there_is_no_forecast_and_it_says_so(project: Project, monkeypatch):
    one = project.add("one", "create table public.n (id int primary key);", tables=("public.n",))
    phase = project.open()
    monkeypatch.setattr(type(phase), "rehearsal", lambda self, migration: "no twin: no room")
    ((_, observed, verdict),) = _locks(phase[one].precheck(), "Lock forecast").values()
    assert (observed, verdict) == ("not known: the file was not run on a twin", SKIP)


def test_what_was_locked_stands_beside_its_forecast_also_in_another_kernel(project: Project):
    project.sql(EXISTING)
    sql = "create table public.n (id int references public.people);"
    one = project.add("one", sql, tables=("public.n",))
    project.step(one).precheck()
    shown = project.step(one).apply()
    assert _locks(shown, "Locks")["public.people"] == (
        "forecast: ShareRowExclusiveLock",
        "ShareRowExclusiveLock until the commit: blocks writes",
        PASS,
    )
    (event,) = [e for e in project.events(one) if (e.stage, e.state) == ("apply", "passed")]
    assert event.detail["locks"] == {"public.people": "ShareRowExclusiveLock"}
    assert event.detail["held_at_most_s"] > 0


def test_a_lock_that_is_harder_than_its_forecast_is_a_warning(project: Project):
    project.sql(EXISTING)
    # On the target there are rows, and only then does the file take the lock.
    text = """do $$ begin
      if exists (select from public.crowd) then
        lock table public.people in exclusive mode;
      end if;
    end $$;"""
    one = project.add("one", text)
    step = project.step(one)
    step.precheck()
    assert _locks(step.apply(), "Locks")["public.people"] == (
        "forecast: none",
        "ExclusiveLock until the commit: blocks writes; harder than forecast",
        WARN,
    )


def test_of_a_migration_in_parts_the_transactional_ones_are_forecast(project: Project):
    project.sql(EXISTING)
    alone = "create index concurrently i on public.people (name);"
    one = project.add("one", alone)
    ((_, observed, verdict),) = _locks(project.step(one).precheck(), "Lock forecast").values()
    assert verdict == SKIP
    assert observed.startswith("not known: statements that run by themselves")
    project.file(one).write_text(f"alter table public.people add at date; {alone}")
    step = project.step(one)
    forecast = _locks(step.precheck(), "Lock forecast")["public.people"]
    assert forecast[1].startswith("AccessExclusiveLock: blocks reads and writes")
    assert _locks(step.apply(), "Locks")["public.people"][0] == "forecast: AccessExclusiveLock"
