"""The system as a whole: what was proved once is proved again, and what changed since is said."""

from __future__ import annotations

import json

import pytest
from runbook import open_validation
from runbook.errors import CheckFailed
from runbook.findings import FAIL, PASS, SKIP, WARN
from runbook.validation import again
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLE = """
create table public.notes (id int primary key, owner uuid);
alter table public.notes enable row level security;
grant select on public.notes to anon, authenticated, service_role;
"""
SCENARIO = """
-- name: two notes
-- as: owner
-- expect: 2 affected
insert into public.notes values (1, null), (2, null);

-- access: public.notes
--   role          select insert update delete
--   anon          none none none none
--   authenticated 5ce00000-0000-4000-8000-000000000001 none none none none
--   service_role  all all all all
"""
OWN_CHECK = """\
-- title: Notes are few
-- group: No security gaps
-- level: FAIL
-- needs: nothing
-- examines: tables
-- why: Because.
-- mend: Fewer.
with examined as (select * from tables)
select name as object, 'another name' as expected, 'notes' as observed
from examined where bare_name = 'notes';
"""
CRITERIA = (
    "criteria = [{ says = 'Secure', proved_by = 'validation:No security gaps' },"
    " { says = 'All', proved_by = 'history' }]\n"
)


@pytest.fixture
def notes(project: Project) -> Project:
    """A project with one migration, not applied yet, and criteria for the whole plan."""
    project.add("notes", TABLE, tables=("public.notes",), scenario=SCENARIO)
    project.plan_text(project.plan_read().replace("\n", "\n" + CRITERIA, 1))
    return project


def _version(project: Project) -> str:
    return project.plan.migrations[0].version


def _open(project: Project):
    return open_validation(target=project.name, project=str(project.root))


def _criterion(project: Project, says: str, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    project.run("validate", "--json")
    found = json.loads(capsys.readouterr().out)["criteria"]
    return next(row for row in found if row["object"] == says)


def test_a_projects_own_checks_are_asked_by_notebook_command_and_criteria(
    notes: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    notes.close(_version(notes))
    assert notes.run("validate") == 0
    assert _criterion(notes, "Secure", capsys)["verdict"] in (PASS, WARN)
    (notes.folder / "checks").mkdir()
    notes.write("checks/901_notes.sql", OWN_CHECK)
    assert notes.run("validate") == 3
    assert "901 Notes are few: public.notes: notes" in capsys.readouterr().out
    assert _criterion(notes, "Secure", capsys)["verdict"] == FAIL
    with pytest.raises(CheckFailed, match="901 Notes are few"):
        _open(notes).checks()
    with pytest.raises(CheckFailed, match="Success criteria"):
        _open(notes).criteria()


def test_access_that_changed_since_its_checkpoint_is_said(
    notes: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    version = _version(notes)
    notes.close(version)
    [row] = _rows(notes)
    assert (row.object, row.verdict) == ("public.notes", PASS)
    assert row.observed == f"same for 3 actors, since {version}"
    notes.sql("create policy everybody on public.notes for select to anon using (true)")
    [row] = _rows(notes)
    assert row.verdict == WARN
    assert row.observed == "anon can now read public.notes (2 of 2 rows)"
    capsys.readouterr()
    assert notes.run("validate", "--play", "--json") == 3  # the file declares none
    found = json.loads(capsys.readouterr().out)
    assert [each["verdict"] for each in found["access"]] == [WARN]
    assert FAIL in {each["verdict"] for each in found["scenarios"]}
    with pytest.raises(CheckFailed, match="played again"):
        _open(notes).scenarios()


def _rows(project: Project) -> list:
    with project.connect() as conn:
        return again.compare(conn, again.play(conn, project.plan))


def test_a_table_that_no_scenario_fills_is_named_and_is_no_pass(notes: Project) -> None:
    notes.close(_version(notes))
    notes.sql('create table public."Other" (id int primary key)')
    rows = {row.object: row for row in _rows(notes)}
    assert rows['public."Other"'].verdict == SKIP
    assert "no scenario that was played" in rows['public."Other"'].observed


def test_what_is_not_applied_is_not_played_and_what_is_played_leaves_nothing(
    notes: Project,
) -> None:
    with notes.connect() as conn:
        played = again.play(conn, notes.plan)
        assert played.findings == []
        [row] = again.summary(notes.plan, played)
        assert (row.verdict, row.observed) == (SKIP, "not played: not applied")
    notes.close(_version(notes))
    before = notes.everything()
    shown = _open(notes).scenarios()
    assert "1 of 1" not in repr(shown)
    assert notes.everything() == before
    assert notes.value("select count(*) from public.notes") == 0


def test_criteria_of_what_has_not_begun_are_skipped_with_the_reason(
    notes: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    row = _criterion(notes, "All", capsys)
    assert row["verdict"] == SKIP
    assert row["observed"] == "not asked yet: 1 of the plan's migrations are pending"


def test_a_criterion_names_the_record_of_the_run_that_made_its_evidence(
    notes: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    notes.engine(_version(notes), run="0a1b2c3d")
    assert _criterion(notes, "All", capsys)["observed"] == "1/1 applied"
    for name in ("20260101T000000Z_one_x_0a1b2c3d", ".draft_x_0a1b2c3d"):
        folder = notes.root / "runs" / name
        folder.mkdir(parents=True)
        (folder / "record.html").write_text("")
    (notes.root / "runs" / "20260101T000000Z_one_x_ffffffff").mkdir()
    row = _criterion(notes, "All", capsys)
    assert row["observed"] == ("1/1 applied, runs/20260101T000000Z_one_x_0a1b2c3d/record.html")
    assert row["verdict"] == PASS
