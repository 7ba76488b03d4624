"""The plan is read strictly: whatever is wrong with it names the file and the line or key."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook.errors import PlanInvalid
from runbook.plan_file import read_plan

PLAN = """\
project = "Shop"
baseline = ["01"]
criteria = [{ says = "All applied", proved_by = "history" }]

[[phase]]
id = "one"
title = "One"
notebook = "01_one.ipynb"

  [[phase.migration]]
  version = "02"
  risk = "low"
  why = "because"
  requires = ["01"]

  [[phase.migration]]
  version = "03"
  risk = "high"
  why = "because"
  requires = ["01", "02"]
  tables = ["public.t"]
  may_lose = ["public.u"]

[[phase]]
id = "two"
title = "Two"
notebook = "02_two.ipynb"

  [[phase.migration]]
  version = "04"
  risk = "medium"
  why = "because"
"""
FILES = ("01_core.sql", "02_second.sql", "03_third.sql", "04_fourth.sql")


def written(root: Path, text: str = PLAN, files: tuple[str, ...] = FILES) -> Path:
    folder = root / "migrations"
    folder.mkdir()
    (folder / "plan.toml").write_text(text)
    for name in files:
        (folder / name).write_text("select 1;\n")
    return root


def refused(root: Path, text: str = PLAN, files: tuple[str, ...] = FILES) -> str:
    with pytest.raises(PlanInvalid) as caught:
        read_plan(written(root, text, files))
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    return caught.value.what


def test_a_plan_is_its_phases_and_migrations_in_order(tmp_path: Path):
    plan = read_plan(written(tmp_path))
    assert [m.version for m in plan.everything] == ["01", "02", "03", "04"]
    assert [m.version for m in plan.baseline] == ["01"]
    third = plan.migration("third")
    assert (third.risk, third.phase, third.tables) == ("high", "one", ("public.t",))
    assert third.may_lose == ("public.u",)
    assert third.file == "migrations/03_third.sql"
    assert third.rollback == tmp_path / "migrations/rollback/03_third.sql"
    assert third.scenario == tmp_path / "migrations/tests/03_third.sql"


@pytest.mark.parametrize("name", ["two", "2", "02_two.ipynb", "02_two"])
def test_a_phase_answers_to_its_id_number_and_notebook(tmp_path: Path, name: str):
    assert read_plan(written(tmp_path)).phase(name).id == "two"


def test_an_unknown_phase_or_migration_is_refused_with_those_there_are(tmp_path: Path):
    plan = read_plan(written(tmp_path))
    with pytest.raises(PlanInvalid, match=r"no phase 'three'") as caught:
        plan.phase("three")
    assert "one, two" in caught.value.remedy
    with pytest.raises(PlanInvalid, match=r"no migration '05'"):
        plan.migration("05")
    with pytest.raises(PlanInvalid, match="Phase 'one' has no migration 'fourth'"):
        plan.phase("one")["fourth"]


def test_a_name_that_python_would_not_take_becomes_a_variable_all_the_same(tmp_path: Path):
    files = ("01_core.sql", "02_class.sql", "03_two-words.sql", "04_fourth.sql")
    plan = read_plan(written(tmp_path, files=files))
    assert [m.variable for m in plan.migrations] == ["m02", "m03", "fourth"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('project = "Shop"', 'project = "Shop"\ncolour = 1', r"line 2: .*unknown key 'colour'"),
        ('title = "Two"', 'titel = "Two"', r"line 26: .*unknown key 'titel'"),
        (
            'version = "04"\n  risk = "medium"',
            'version = "04"\n  requries = []\n  risk = "medium"',
            r"line 31: migration 04 has an unknown key 'requries'",
        ),
        ('proved_by = "history"', 'proof = "history"', r"line 3: .*unknown key 'proof'"),
        ('proved_by = "history"', 'proved_by = "hope"', r"line 3: proved_by 'hope' .*no proof"),
        ('risk = "high"', 'risk = "huge"', r"line 18: risk 'huge' of migration 03"),
        ('requires = ["01", "02"]', 'requires = ["99"]', r"requires 99, which is not in the plan"),
        ('requires = ["01"]', 'requires = ["04"]', r"02 requires 04, which the plan applies after"),
        ('requires = ["01"]', 'requires = ["03"]', r"each other in a circle: 0\d → 0\d → 0\d"),
        ('requires = ["01"]', 'requires = "01"', r"line 14: requires .*must be a list of strings"),
        ('requires = ["01"]', "requires = [1]", r"line 14: requires .*must be a list of strings"),
        ('version = "03"', 'version = "33"', r"line 17: .*no file migrations/33_….sql"),
        ('version = "03"', 'version = "02"', r"names version 02.*named twice"),
        ('version = "03"', "version = 3", r"needs version"),
        ('id = "two"', 'id = "one"', r"phase id 'one' is used twice"),
        ('id = "two"\n', "", r"a \[\[phase\]\] needs id"),
        ('  why = "because"\n  requires = ["01", "02"]', "", r"line 16: migration 03 needs why"),
        ('project = "Shop"', 'project = ""', r"the top level needs project"),
        ('notebook = "02_two.ipynb"', "notebook = 2", r"line 27: phase 'two' needs notebook"),
        ("project =", "project", r"is not TOML: .*line 1"),
    ],
)
def test_a_mistake_in_the_plan_is_named_with_its_line_or_key(
    tmp_path: Path, old: str, new: str, expected: str
):
    import re

    assert old in PLAN
    what = refused(tmp_path, PLAN.replace(old, new))
    assert re.search(expected, what), what
    assert "migrations/plan.toml" in what


@pytest.mark.parametrize(
    "text",
    [
        'project = "x"\nphase = "one"\n',
        'project = "x"\n[phase]\nid = "one"\n',
        'project = "x"\ncriteria = ["history"]\n',
        'project = "x"\n[[phase]]\nid="a"\ntitle="A"\nnotebook="a.ipynb"\nmigration = ["02"]\n',
        'project = "x"\n[[phase]]\nid="a"\ntitle="A"\nnotebook="a.ipynb"\n',
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_in_words(tmp_path: Path, text: str):
    assert refused(tmp_path, text, ()).startswith("migrations/plan.toml")


def test_a_file_without_an_entry_is_refused(tmp_path: Path):
    what = refused(tmp_path, files=(*FILES, "05_orphan.sql"))
    assert "migrations/05_orphan.sql has no entry" in what


def test_an_entry_without_a_file_is_refused(tmp_path: Path):
    what = refused(tmp_path, files=FILES[:3])
    assert "line 30: migration 04 names version 04" in what


def test_two_files_of_one_version_are_refused(tmp_path: Path):
    what = refused(tmp_path, files=(*FILES, "03_other.sql"))
    assert "migrations/03_other.sql and migrations/03_third.sql both have version 03" in what


@pytest.mark.parametrize("name", ["third.sql", "x03_third.sql", "03-third.sql", "٣_third.sql"])
def test_a_file_that_the_supabase_cli_would_skip_is_refused(tmp_path: Path, name: str):
    assert f"migrations/{name} is not named" in refused(tmp_path, files=(*FILES, name))


def test_seed_and_companions_are_no_migrations(tmp_path: Path):
    root = written(tmp_path, files=(*FILES, "seed.sql"))
    for folder in ("rollback", "tests"):
        (root / "migrations" / folder).mkdir()
        (root / "migrations" / folder / "99_x.sql").write_text("select 1;")
    assert len(read_plan(root).everything) == 4


def test_a_missing_plan_says_where_it_was_looked_for(tmp_path: Path):
    with pytest.raises(PlanInvalid, match=r"There is no .*migrations/plan\.toml") as caught:
        read_plan(tmp_path)
    assert "--project" in caught.value.remedy
