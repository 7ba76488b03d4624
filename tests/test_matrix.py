"""Access is stored, shown in words, and what changed in it is said in a sentence."""

import pytest
from runbook.findings import PASS, WARN
from runbook.in_hand.desk import open_rollback
from runbook.scenarios import matrix
from runbook.scenarios.matrix import in_words
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = """
create table public.profiles (id int primary key, owner uuid);
alter table public.profiles enable row level security;
grant select on public.profiles to anon, authenticated, service_role;
"""
ROWS = """
-- name: two profiles
-- as: owner
-- expect: 2 affected
insert into public.profiles values (1, gen_random_uuid()), (2, null);
"""
ACCESS = """
-- access: public.profiles
--   role                                                 select insert update delete
--   anon                                                 {anon} none none none
--   authenticated 5ce00000-0000-4000-8000-000000000001   none none none none
--   service_role                                         all all all all
"""
OPEN = "create policy everybody on public.profiles for select to anon using ({using});"


@pytest.fixture
def opened(project: Project) -> tuple[Project, str, str]:
    """A table that nobody may read, and a migration that opens it to visitors."""
    one = project.add(
        "one", ONE, tables=("public.profiles",), scenario=ROWS + ACCESS.format(anon="none")
    )
    two = project.add(
        "two",
        OPEN.format(using="owner is not null"),
        scenario=ROWS + ACCESS.format(anon="1/2"),
        rollback="drop policy everybody on public.profiles;",
    )
    return project, one, two


def _take_back(project: Project, version: str) -> None:
    open_rollback(target=project.name, versions=version, project=str(project.root)).apply()


def test_the_matrix_is_stored_with_the_test_and_shown_in_words(opened):
    project, one, _ = opened
    step = project.applied(one)
    step.verify()
    shown = step.test()
    stored = next(e for e in project.events(one) if e.stage == "test").detail
    assert ["public.profiles", "service_role", "select", 2, 2] in stored["access"]
    assert stored["access_changes"] == []
    (below,) = shown.below
    assert list(below.columns) == ["table", "role", "select", "insert", "update", "delete"]
    cells = {row.role: (row.select, row.delete) for row in below.itertuples()}
    assert cells["anon"] == ("none", "none")
    assert cells["service_role"] == ("all", "all")
    assert "service_role" in repr(shown)
    assert "Who may do what" in shown._repr_html_()
    again = project.step(one).test()
    assert again.below[0].values.tolist() == below.values.tolist()
    assert in_words(2, 3) == "2 of 3"


def test_what_a_migration_opens_is_said_at_its_checkpoint(opened):
    project, one, two = opened
    first = project.close(one)
    assert "1 table measured, nothing that was known changed" in first.checkpoint()
    step = project.applied(two)
    step.verify()
    shown = step.test()
    said = [row.observed for row in shown.itertuples() if row.check == "access changed"]
    assert said == ["anon can now read public.profiles (1 of 2 rows)"]
    assert "anon can now read public.profiles (1 of 2 rows)" in step.checkpoint()
    assert "anon can now read public.profiles" in step._phase.log()


def test_the_next_run_of_the_same_migration_is_compared_with_the_last(opened):
    project, one, two = opened
    project.close(one)
    project.close(two)
    _take_back(project, two)
    project.file(two).write_text(OPEN.format(using="true"))
    path = project.folder / "tests" / project.file(two).name
    path.write_text(path.read_text().replace("1/2", "all"))
    step = project.applied(two)
    step.verify()
    step.test()
    event = [e for e in project.events(two) if e.stage == "test"][-1]
    assert event.detail["access_changes"] == [
        "anon can now read 2 of 2 rows of public.profiles; before, 1 of 2"
    ]


def test_what_a_rolled_back_migration_measured_is_forgotten_by_the_others(opened):
    project, one, two = opened
    project.close(one)
    project.close(two)
    _take_back(project, two)
    with project.connect() as conn:
        others = matrix.last_stored(conn, "20990101000000")["public.profiles"]
        own = matrix.last_stored(conn, two)["public.profiles"]
    assert ["public.profiles", "anon", "select", 0, 2] in others
    assert ["public.profiles", "anon", "select", 1, 2] in own


def test_an_existing_table_is_measured_when_a_file_touches_its_policies(opened):
    project, one, two = opened
    project.close(one)
    path = project.folder / "tests" / project.file(two).name
    path.write_text(ROWS)  # declares no access at all
    step = project.applied(two)
    step.verify()
    rows = {(row.check, row.verdict): row.observed for row in step.test().itertuples()}
    assert "anon can read" in rows["access", WARN]
    assert rows["access changed", WARN] == "anon can now read public.profiles (1 of 2 rows)"
    assert ("scenario", PASS) in rows
