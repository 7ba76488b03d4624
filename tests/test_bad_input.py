"""Bad input through the command line: a clear error, the designed exit code, nothing changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runbook import record
from runbook.errors import Refused
from runbook.notebooks import write_notebooks
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SECRET = "hunter2hunter2"
GOOD = "create table public.good (id int);\n"


def _bad(content: bytes):
    return lambda project: project.add("bad", content, tables=("public.good",))


def _stray(name: str):
    return lambda project: project.write(name, GOOD)


def _without_file(project: Project) -> None:
    project.file(project.add("bad", GOOD)).unlink()


def _edited_plan(old: str, new: str):
    def edit(project: Project) -> None:
        project.plan_text(project.plan_read().replace(old, new))

    return edit


BAD = {
    "a syntax error": (_bad(b"create table public.good (id int;\n"), ["bad.sql:1:33", "^"]),
    "UTF-16": (_bad(GOOD.encode("utf-16")), ["bad.sql, line 1", "UTF-16"]),
    "a byte order mark": (_bad(b"\xef\xbb\xbf" + GOOD.encode()), ["line 1", "byte order mark"]),
    "CRLF": (_bad(GOOD.encode() + b"select 1;\r\n"), ["bad.sql, line 2", "CRLF"]),
    "an empty file": (_bad(b""), ["bad.sql contains no SQL statement"]),
    "a NUL byte": (_bad(b"select '\0';\n"), ["bad.sql, line 1", "NUL byte"]),
    "Latin-1": (_bad(b"select 'M\xfcller';\n"), ["bad.sql, line 1", "0xfc"]),
    "COMMIT in the middle": (_bad(GOOD.encode() + b"commit;\nselect 1;\n"), ["line 2: COMMIT"]),
    "a meta-command": (_bad(b"\\connect x\n"), ["bad.sql:1:1", "psql meta-command"]),
    "COPY FROM STDIN": (_bad(b"copy t from stdin;\n1\n\\.\n"), ["bad.sql:2:1", "COPY"]),
    "a duplicate version": (_stray("20260101000001_other.sql"), ["both have version"]),
    "an entry without a file": (_without_file, ["line 17", "no file migrations/20260101000002"]),
    "a file without an entry": (_stray("20260102_stray.sql"), ["20260102_stray.sql has no entry"]),
    "an unknown key": (_edited_plan("why =", "wyh ="), ["line 11", "unknown key 'wyh'"]),
    "a circle": (_edited_plan("requires = []", 'requires = ["20260101000001"]'), ["in a circle"]),
    "broken TOML": (_edited_plan("[[phase]]", "[[phase]"), ["is not TOML", "line 3"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_project_is_refused_with_its_place_and_nothing_happens(
    project: Project, capfd: pytest.CaptureFixture[str], name: str
):
    project.add("good", GOOD, tables=("public.good",))
    before = project.everything()
    break_it, words = BAD[name]
    break_it(project)
    assert project.run("run") == 2
    out, err = capfd.readouterr()
    for word in words:
        assert word in err
    assert "Traceback" not in out + err
    assert "Nothing was started; the database is as it was." in err
    assert out == ""
    assert project.everything() == before
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://u:{SECRET}@localhost/x",
        f"host=localhost password={SECRET}",
        f"env:x password={SECRET}",
    ],
)
@pytest.mark.parametrize("command", ["run", "status", "validate", "rollback", "reset"])
def test_a_password_in_a_target_is_refused_and_never_shown(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
    value: str,
):
    version = project.add("good", GOOD, tables=("public.good",))
    arguments = [command, version] if command == "rollback" else [command]
    assert project.run(*arguments, "--target", value, "--debug", target=False) == 2
    monkeypatch.setenv("RUNBOOK_TARGET", value)
    assert project.run(*arguments, target=False) == 2
    assert project.run(command, "--help", target=False) == 0
    out, err = capfd.readouterr()
    assert SECRET not in out + err
    assert "env:VAR" in err
    assert not (project.root / "runs").exists()


def test_an_unknown_parameter_or_a_secret_in_one_is_refused_before_anything_is_written(
    project: Project,
):
    project.add("good", GOOD, tables=("public.good",))
    write_notebooks(project.plan, project.root / "notebooks")
    notebook = project.root / "notebooks" / "01_one.ipynb"
    for parameters, words in (
        ({"tagret": project.name}, "no parameter `tagret`"),
        ({"lock_timeout_ms": "soon"}, "must be a whole number"),
        ({"target": f"postgresql://u:{SECRET}@h/x"}, "holds a secret"),
    ):
        with pytest.raises(Refused, match=words) as caught:
            record.run(
                notebook, phase="one", target="x", parameters=parameters,
                runs=project.root / "runs", project=project.root,
            )  # fmt: skip
        assert SECRET not in str(caught.value)
    runs = project.root / "runs"
    assert not runs.exists() or not list(runs.iterdir())


def test_a_failing_statement_ends_the_real_command_with_4_and_a_mended_file_goes_on(
    project: Project,
):
    """Through papermill and a kernel, as an operator runs it."""
    text = (
        "create table public.first (id int);\ninsert into public.first values (1);\n"
        "insert into public.kept values (1);\ncreate view public.v as select 1 as a;\n"
        "comment on table public.first is 'x';\n"
        "alter table public.first enable row level security;\n"
    )
    version = project.add("five", text, tables=("public.first",))
    write_notebooks(project.plan, project.root / "notebooks")
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    before = project.fingerprint()

    failed = _command(project, "run", "one")
    assert failed.returncode == 4, failed.stderr
    assert "line 3: duplicate key value violates" in failed.stderr
    assert "(SQLSTATE 23505)" in failed.stderr
    assert "nothing of this migration remains" in failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert "0/1 applied" in failed.stdout
    assert (project.fingerprint(), project.history()) == (before, [])

    project.file(version).write_text(text.replace("kept values (1)", "kept values (2)"))
    mended = _command(project, "run", "one")
    assert mended.returncode == 0, mended.stderr
    assert "1/1 applied" in mended.stdout
    records = sorted(path.name for path in (project.root / "runs").iterdir() if path.is_dir())
    assert len(records) == 2

    project.sql("delete from supabase_migrations.schema_migrations")
    doubtful = _command(project, "run", "one")
    assert doubtful.returncode == 5, doubtful.stderr
    assert "the history has no row for it" in doubtful.stderr


def _command(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1] / "lib"), *sys.path]))
    return subprocess.run(
        [sys.executable, "-m", "runbook", *arguments, "--project", str(project.root),
         "--target", project.name],
        capture_output=True, text=True, check=False, timeout=240,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
