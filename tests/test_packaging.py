"""The project's promises about itself: what is installed, and that every list says the same."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# conda-forge's psycopg has no extra: its libpq is a package of its own.
CONDA_NAMES = {"psycopg[binary]": "psycopg"}


def _wanted() -> set[str]:
    project = PYPROJECT["project"]
    names = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    for long, short in CONDA_NAMES.items():
        names = [name.replace(long, short) for name in names]
    return set(names)


def _conda() -> set[str]:
    lines = (ROOT / "environment.yml").read_text().splitlines()
    items = {line.strip().removeprefix("- ") for line in lines if line.strip().startswith("- ")}
    return items - {"conda-forge", "pip", "pip:", "--editable ."}


def test_environment_yml_names_the_same_packages_as_pyproject():
    python = f"python{PYPROJECT['project']['requires-python']}"
    assert _conda() == _wanted() | {python}


def test_lock_pins_every_direct_dependency_with_hashes_and_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    for requirement in _wanted():
        name = re.split(r"[\[<>=]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[\w+\])?==\S+ ", lock, re.MULTILINE), name
    assert "--hash=sha256:" in lock
    assert "index" not in lock.replace("python_full_version", "")
    assert "http:" not in lock
    assert "https:" not in lock


def test_every_module_has_one_job_in_at_most_300_lines():
    long = {
        path.name: count
        for path in (ROOT / "lib" / "runbook").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert not long


def test_supabase_cli_finds_the_migrations_and_nothing_else():
    names = [path.name for path in (ROOT / "migrations").glob("*.sql")]
    migrations = [name for name in names if re.fullmatch(r"[0-9]+_.*\.sql", name)]
    assert len(migrations) == 13
    assert set(names) - set(migrations) == {"seed.sql"}


@pytest.mark.parametrize("folder", ["rollback", "tests"])
def test_every_migration_has_its_companions(folder: str):
    for path in (ROOT / "migrations").glob("[0-9]*.sql"):
        assert (path.parent / folder / path.name).exists(), path.name
