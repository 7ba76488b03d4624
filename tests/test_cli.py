"""The command line: exit codes, one JSON document, one paragraph for an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runbook import cli
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

COMMANDS = (
    "run",
    "status",
    "validate",
    "populate",
    "measure",
    "rollback",
    "restore",
    "prove",
    "draft-rollback",
    "audit",
    "reset",
    "lab",
    "new",
    "notebooks",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_the_exit_codes(
    project: Project, capsys: pytest.CaptureFixture[str], command: str
):
    assert project.run(command, "--help", target=False) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: runbook {command}")
    assert "0 done, 2 refused, 3 a check failed, 4 SQL failed" in " ".join(out.split())
    assert "--project DIR" in out


def test_the_help_lists_every_command(project: Project, capsys: pytest.CaptureFixture[str]):
    assert project.run("--help", target=False) == 0
    listed = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"\n {{4}}{name}\s", listed)] == []


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("run", "--mode", "hope"), ("audit", "burn"), ("status", "-x")]
)
def test_wrong_usage_is_2(project: Project, arguments: tuple[str, ...]):
    assert project.run(*arguments, target=False) == 2


def test_status_says_what_is_applied_in_words_and_in_one_json_document(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    a, b, c = (project.add(name, f"select '{name}';\n") for name in ("a", "b", "c"))
    project.engine(a)
    project.engine(c)
    project.sql(
        "insert into supabase_migrations.schema_migrations (version, name) values ('9', 'other')"
    )
    project.file(c).write_text("select 'edited';\n")
    assert project.run("status") == 0
    words = capsys.readouterr().out
    assert f"Test on {project.name} (PostgreSQL 18" in words
    assert "2 applied, 1 pending" in words

    assert project.run("status", "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert found == {
        "target": project.name,
        "applied": [{"version": a, "name": "a"}],
        "pending": [{"version": b, "name": "b"}],
        "edited": [{"version": c, "name": "c"}],
        "foreign": [{"version": "9", "name": "other"}],
        "out_of_order": [{"version": b, "name": "b"}],
        "re_stamped": [],
    }


def test_status_changes_nothing(project: Project):
    project.add("a", "select 1;\n")
    before = project.everything()
    assert project.run("status") == 0
    assert project.everything() == before


def test_an_error_is_a_paragraph_without_traceback_and_debug_shows_it(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    project.plan_text("project = ")
    assert project.run("status") == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0][:12]) == ("", "PlanInvalid:")
    assert "Traceback" not in err
    assert project.run("status", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err

    assert project.run("status", "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert document["error"]["kind"] == "PlanInvalid"
    assert set(document["error"]) == {"kind", "what", "state", "remedy"}


def test_validate_is_3_when_a_check_fails_and_one_json_document_either_way(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    project.add("a", "select 1;\n")
    project.sql("create table public.open (id int primary key)")
    before = project.everything()
    assert project.run("validate") == 3
    assert "public.open" in capsys.readouterr().out
    assert project.run("validate", "--json") == 3
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"target", "summary", "findings"}
    assert any(row["verdict"] == "FAIL" for row in document["findings"])
    assert project.everything() == before


@pytest.mark.parametrize("target", ["env:HOME", "service=production"])
def test_reset_refuses_whatever_is_not_embedded(
    project: Project, capsys: pytest.CaptureFixture[str], target: str
):
    project.add("a", "select 1;\n")
    project.engine(project.plan.migrations[0].version)
    assert project.run("reset", "--target", target, target=False) == 2
    assert "not an embedded one" in capsys.readouterr().err
    assert len(project.history()) == 1


def test_reset_forgets_one_embedded_database_and_leaves_the_others(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    version = project.add("a", "select 1;\n")
    project.engine(version)
    assert project.run("reset") == 0
    assert "was deleted" in capsys.readouterr().out
    assert project.history() == []


def test_rollback_wants_to_know_what(project: Project, capsys: pytest.CaptureFixture[str]):
    version = project.add("a", "select 1;\n")
    assert project.run("rollback") == 2
    assert "No migration was named" in capsys.readouterr().err
    assert project.run("rollback", "nowhere") == 2
    assert "no migration 'nowhere'" in capsys.readouterr().err
    assert project.run("rollback", "--to", version) == 2
    assert f"Nothing after {version} is applied" in capsys.readouterr().err


def test_audit_lists_nothing_where_nothing_ran(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    assert project.run("audit", "list", target=False) == 0
    assert "no record yet" in capsys.readouterr().out
    assert project.run("audit", "list", "--json", target=False) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert project.run("audit", "show", "nothing", target=False) == 2


def test_new_writes_the_three_files_and_says_what_the_plan_needs(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    assert project.run("new", "Add speakers!", target=False) == 0
    said = capsys.readouterr().out
    (made,) = project.folder.glob("*_add_speakers.sql")
    assert (project.folder / "rollback" / made.name).exists()
    assert (project.folder / "tests" / made.name).exists()
    assert f'version = "{made.name.split("_")[0]}"' in said
    assert project.run("status") == 2  # a file without an entry, until the plan has it
    assert project.run("new", "!!", target=False) == 2


def test_a_project_is_found_from_any_folder_below_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from runbook.cli import main

    project.add("a", "select 1;\n")
    monkeypatch.chdir(project.folder / "tests")
    assert main(["status", "--target", project.name]) == 0
    assert "0 applied, 1 pending" in capsys.readouterr().out
    monkeypatch.chdir("/")
    assert main(["status", "--target", project.name]) == 2
    assert "--project DIR" in capsys.readouterr().err


def test_a_closed_pipe_and_python_m_runbook_end_quietly(project: Project):
    project.add("a", "select 1;\n")
    project.connect().close()
    path = os.pathsep.join([str(Path(__file__).parents[1] / "lib"), *filter(None, sys.path)])
    command = f"{sys.executable} -m runbook status --project {project.root} --target {project.name}"
    done = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")


@pytest.mark.parametrize("dashes", [(), ("--",)])
def test_what_lab_does_not_know_is_passed_on_to_jupyterlab_in_its_order(dashes: tuple[str, ...]):
    given = ["--port", "8899", "--no-browser"]
    options = cli.parsed(["lab", *dashes, *given])
    assert [option for option in options.unknown if option != "--"] == given


@pytest.mark.parametrize("command", ["run", "status"])
def test_with_nothing_to_apply_no_parser_and_no_notebook_is_loaded(
    project: Project, tmp_path: Path, command: str
):
    project.close(project.add("a", "create schema a;\n"))
    broken = tmp_path / "broken"
    for name in ("postgast", "papermill", "nbformat", "pandas", "IPython"):
        (broken / name).mkdir(parents=True)
        (broken / name / "__init__.py").write_text("raise SystemExit('loaded')\n")
    done = subprocess.run(
        [sys.executable, "-m", "runbook", command, "--target", project.name],
        cwd=project.root, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(broken), *sys.path[1:]])},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 applied" in done.stdout or "Nothing to apply: 1/1" in done.stdout
