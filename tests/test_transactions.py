"""Files that commit in their middle: divided where they must be, journalled, resumable."""

from __future__ import annotations

import crash
import pytest
from runbook import history
from runbook.errors import FileInvalid, PlanInvalid, StatementFailed
from runbook.statements.transactions import split_parts
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

OWN = """\
set search_path to app, public;
begin;
create table app.one (id int);
insert into one values (1);
commit;
-- between the two
insert into one values (2);
BEGIN;
create temp table kept as select id from one;
insert into one select id + 10 from kept;
END;
"""
ENUM = """\
create table public.calls (id int, mood public.mood default 'good');
alter type public.mood add value if not exists 'great';
insert into public.calls values (1, 'great');
create function public.best() returns public.mood language sql as $$ select 'great'::public.mood $$;
"""
TYPE = "create type public.mood as enum ('good', 'bad');"


def _parts(project: Project, version: str) -> list[list[int]]:
    return [[s.line for s in part] for part in split_parts(project.migration(version).script)]


def test_a_commit_in_the_middle_is_refused_unless_the_plan_lets_it_count(project: Project):
    version = project.add("own", OWN, tables=("app.one",))
    with pytest.raises(FileInvalid, match="line 2: BEGIN inside the file") as caught:
        _ = project.migration(version).script
    assert 'transaction = "own"' in caught.value.remedy


def test_own_transactions_run_one_after_the_other_with_the_sessions_settings(project: Project):
    project.sql("create schema app")
    version = project.add("own", OWN, tables=("app.one",), transaction="own")
    assert _parts(project, version) == [[1], [3, 4], [7], [9, 10]]
    assert project.engine(version).parts == 4
    # `one` without a schema is found in every part, and the temporary table of the last is gone.
    assert project.sql("select id from app.one order by 1") == [(1,), (2,), (11,), (12,)]
    assert project.history() == [version]
    kept = project.sql("select statements from supabase_migrations.schema_migrations")[0][0]
    assert [text.split()[-1] for text in kept].count("commit") == 1  # what `fetch` needs is there
    assert project.run("status") == 0
    with project.connect() as conn:
        assert history.classify(project.plan, history.read(conn)).edited == ()


def test_a_part_that_fails_leaves_the_earlier_ones_and_the_next_run_goes_on(project: Project):
    project.sql("create schema app")
    broken = OWN.replace("id + 10", "id / 0")
    version = project.add("own", broken, tables=("app.one",), transaction="own")
    with pytest.raises(StatementFailed, match="division by zero") as caught:
        project.engine(version)
    assert "the 3 before line 9 are committed" in caught.value.state
    assert project.sql("select id from app.one order by 1") == [(1,), (2,)]
    assert project.history() == []
    project.file(version).write_text(OWN)
    project.engine(version)
    assert project.sql("select id from app.one order by 1") == [(1,), (2,), (11,), (12,)]


def test_killed_between_two_parts_it_continues_where_it_stopped(project: Project):
    project.sql("create schema app")
    version = project.add("own", OWN, tables=("app.one",), transaction="own")
    migration, before = project.migration(version), project.fingerprint()
    seen = crash.kill_at(project.target, migration, 3)  # as the third part begins
    assert (seen.applied, seen.exit) == (False, -9)
    assert project.sql("select id from app.one order by 1") == [(1,)]
    crash.finish(project.target, migration)
    assert project.sql("select id from app.one order by 1") == [(1,), (2,), (11,), (12,)]
    assert project.history() == [version]
    assert project.events(version)[-1].detail["before"] == before


def test_a_new_enum_value_is_committed_before_its_first_use(project: Project):
    project.sql(TYPE)
    version = project.add("enum", ENUM, tables=("public.calls",))
    script = project.migration(version).script
    assert _parts(project, version) == [[1, 2], [3, 4]]
    assert script.begins == ((2, "it uses the enum value 'great' that line 2 adds"),)
    project.engine(version)
    assert project.value("select public.best()::text") == "great"


def test_the_stages_take_an_enum_value_through_and_say_where_it_commits(project: Project):
    project.sql(TYPE)
    text = ENUM.replace("create table", "create table if not exists")
    text += "alter table public.calls enable row level security;\n"
    version = project.add("enum", text, tables=("public.calls",))
    project.close(version)
    looked = next(e for e in project.events(version) if e.stage == "precheck")
    (row,) = [row for row in looked.findings if row.check == "Transaction"]
    assert (row.verdict, row.observed[:23]) == ("WARN", "committed before line 3")


@pytest.mark.parametrize(
    "text",
    [
        # The type is as new as the value: no commit is needed.
        "create type public.t as enum ('a'); alter type public.t add value 'b'; select 'b'::t;",
        # Nothing uses it; a comment and a PL/pgSQL body are no uses before they are called.
        "alter type public.mood add value 'x'; comment on type public.mood is 'x';",
        "alter type public.mood add value 'x'; create function f() returns text language plpgsql"
        " as $$ begin return 'x'; end $$;",
        "alter type public.mood rename value 'bad' to 'x'; select 'x'::public.mood;",
    ],
)
def test_no_transaction_is_divided_without_need(project: Project, text: str):
    version = project.add("whole", text)
    assert project.migration(version).script.transactional


def test_a_value_added_in_a_do_block_is_seen(project: Project):
    text = (
        "do $$ begin alter type public.mood add value 'x';"
        " exception when duplicate_object then null; end $$;\nselect 'x'::public.mood;\n"
    )
    version = project.add("block", text)
    assert _parts(project, version) == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("begin; select 1; rollback; select 2;", "ROLLBACK inside the file"),
        ("select 1; begin; select 2;", "BEGIN without a COMMIT"),
        ("begin; select 1; prepare transaction 'x';", "PREPARE inside the file"),
    ],
)
def test_own_transactions_that_undo_or_end_nowhere_are_refused(
    project: Project, text: str, words: str
):
    version = project.add("odd", text, transaction="own")
    with pytest.raises(FileInvalid, match=words):
        _ = project.migration(version).script


def test_an_unknown_word_for_transaction_is_refused_with_its_line(project: Project):
    project.add("odd", "select 1;", transaction="none")
    with pytest.raises(PlanInvalid, match=r"line 15: transaction 'none' .* one, own"):
        _ = project.plan
