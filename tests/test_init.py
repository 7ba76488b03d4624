"""`runbook init`: other tools' migrations become a project that runs."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import nbformat
import postgast
import pytest
from runbook import embedded
from runbook.adopt.init import adopt
from runbook.adopt.references import Authors
from runbook.cli import main
from runbook.errors import FileInvalid, Refused
from runbook.plan import Plan
from runbook.plan_file import read_plan
from runbook.postgres import production_state

ROOT = Path(__file__).parents[1]
SET = Path(__file__).parent / "adopted"
TABLE = "create table public.{0} (id int primary key);\n"


@pytest.fixture
def home(server: embedded.Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The test run's server, and nothing of the environment's."""
    monkeypatch.setenv("RUNBOOK_HOME", str(server.home))
    for variable in ("RUNBOOK_PROJECT", "RUNBOOK_TARGET", "RUNBOOK_RECORD", "RUNBOOK_RUN"):
        monkeypatch.delenv(variable, raising=False)
    broken_pipe = signal.getsignal(signal.SIGPIPE)
    yield server
    signal.signal(signal.SIGPIPE, broken_pipe)
    production_state.release(tmp_path / "project")


def _folder(root: Path, **files: str | bytes) -> Path:
    """A folder of files; `__` in a keyword stands for a dot."""
    folder = root / "source"
    folder.mkdir()
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / (name.removeprefix("f").replace("__", ".") + ".sql")).write_bytes(raw)
    return folder


def _init(source: Path, project: Path, **given) -> Plan:
    adopt(source, project, **{"replay": False, **given})
    return read_plan(project)


def test_a_real_projects_folder_becomes_a_project_that_runs(
    home: embedded.Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    source, project = tmp_path / "app", tmp_path / "project"
    shutil.copytree(SET, source / "supabase" / "migrations")
    assert main(["init", str(source), "--project", str(project), "--phase", "All=.."]) == 0
    said = capfd.readouterr().out
    assert "15 of 15 ran in order on an empty Supabase database" in said
    name = f"adopted_{tmp_path.name[-12:].replace('-', '_')}"
    try:
        assert main(["run", "--project", str(project), "--target", f"embedded:{name}"]) == 0
    finally:
        embedded.drop(home, name)
    assert "15/15 applied" in capfd.readouterr().out
    assert len(list((project / "runs").glob("*_01-all_*"))) == 1


def test_what_each_file_needs_is_read_from_its_sql():
    """EventOS's plan was written by hand, and names for each file whose work it builds on."""
    plan, authors = read_plan(ROOT), Authors()
    for migration in plan.everything:
        assert set(authors.requires(migration.script)) == set(migration.requires), migration.name
        authors.add(migration.version, migration.script)


def test_a_column_belongs_to_the_file_that_added_it(tmp_path: Path):
    source = _folder(
        tmp_path,
        f1_a=TABLE.format("a"),
        f2_b="alter table public.a add column note text;\n",
        f3_c="create index a_note on public.a (note);\n",
        f4_d="create policy p on public.a for select to anon using (id > 0);\n",
        f5_e="create function public.f() returns int language plpgsql as"
        " $$ begin return (select count(*) from public.a where note is null); end $$;\n",
    )
    plan = _init(source, tmp_path / "project")
    needs = {m.version: m.requires for m in plan.migrations}
    assert needs == {"1": (), "2": ("1",), "3": ("1", "2"), "4": ("1",), "5": ("1", "2")}


def test_risk_is_judged_from_the_statements_and_says_why(tmp_path: Path):
    source = _folder(
        tmp_path,
        f1_new=TABLE.format("a") + "create view public.v as select id from public.a;\n",
        f2_again="drop policy if exists p on public.a; create policy p on public.a using (true);\n",
        f3_gone="alter table public.a drop column id;\n",
        f4_view="create or replace view public.v as select 1 as id;\n",
    )
    plan = _init(source, tmp_path / "project")
    new, again, gone, view = plan.migrations
    assert (new.risk, new.why) == ("low", "New: public.a; nothing that exists is altered.")
    assert again.risk == "medium"
    assert again.why.startswith("Replaces the policy public.a.p (line 1)")
    assert (gone.risk, gone.why) == ("high", "Drops a column of public.a (line 1).")
    assert (view.risk, view.why) == ("medium", "Replaces public.v (line 1).")


def test_tables_that_verify_will_not_pass_are_named_beforehand(tmp_path: Path):
    source = _folder(
        tmp_path,
        f1_bare=TABLE.format("bare"),
        f2_safe=TABLE.format("safe") + "alter table public.safe enable row level security;\n",
    )
    adopted = adopt(source, tmp_path / "project", replay=False, platform="supabase")
    said = "Verify will stop here: no row level security on public.bare."
    assert adopted.entries["1"].remarks == (said,)
    assert adopted.entries["2"].remarks == ()


def test_pairs_of_up_and_down_become_migration_and_rollback(home, tmp_path: Path):
    source = _folder(
        tmp_path,
        f5_a__up=TABLE.format("a"),
        f5_a__down="drop table public.a;\n",
        f13_b__up=TABLE.format("b"),
        f13_b__down="select 'nothing is taken back';\n",
        f14_c__down="drop table public.c;\n",
    )
    adopted = adopt(source, tmp_path / "project")
    a, b = read_plan(tmp_path / "project").migrations
    assert [m.path.name for m in (a, b)] == ["05_a.sql", "13_b.sql"]  # as numbers, 5 before 13
    assert a.rollback.read_text() == "drop table public.a;\n"
    assert adopted.trials["05"].why_not == ""
    assert "differences remain" in adopted.trials["13"].why_not
    (alone,) = adopted.faults
    assert (alone.file, alone.left_out) == ("14_c.down.sql", True)


def test_dbmates_marks_divide_a_file_and_lines_keep_their_numbers(tmp_path: Path):
    text = "-- migrate:up\n" + TABLE.format("a") + "\n-- migrate:down\ndrop table public.a;\n"
    plan = _init(_folder(tmp_path, f20240101000000_a=text), tmp_path / "project")
    (migration,) = plan.migrations
    assert migration.script.statements[0].line == 2
    assert len(migration.script.statements) == 1
    assert migration.rollback.read_text() == "-- migrate:down\ndrop table public.a;\n"


def test_flyways_names_and_gooses_marks_are_read(tmp_path: Path):
    source = tmp_path / "flyway"
    source.mkdir()
    for name, text in (
        ("V2__b", TABLE.format("b")),
        ("V10__c", TABLE.format("c")),
        ("U10__c", "drop table public.c;\n"),
        ("R__views", "create or replace view public.v as select 1 as id;\n"),
        ("V1_1__d", TABLE.format("d")),
    ):
        (source / f"{name}.sql").write_text(text)
    adopted = adopt(source, tmp_path / "first", replay=False)
    assert [fault.file for fault in adopted.faults] == ["R__views.sql", "V1_1__d.sql"]
    plan = read_plan(tmp_path / "first")
    assert [(m.version, m.name) for m in plan.migrations] == [("02", "b"), ("10", "c")]
    assert plan.migration("10").rollback.read_text() == "drop table public.c;\n"
    goose = tmp_path / "goose"
    goose.mkdir()
    text = f"-- +goose Up\n{TABLE.format('g')}-- +goose Down\ndrop table public.g;\n"
    (goose / "00001_g.sql").write_text(text)
    (migration,) = _init(goose, tmp_path / "second").migrations
    assert "drop" not in migration.path.read_text()
    assert "drop table public.g" in migration.rollback.read_text()


def test_every_bad_file_is_named_with_its_fault_and_the_rest_is_described(tmp_path: Path):
    source = _folder(
        tmp_path,
        f1_bom=b"\xef\xbb\xbf" + TABLE.format("bom").encode(),
        f2_crlf=TABLE.format("crlf").replace("\n", "\r\n"),
        f3_latin="select 'Zürich';\n".encode("latin-1"),
        f4_broken="create table public.x (;\n",
        f5_twice=TABLE.format("five"),
        f5_two=TABLE.format("six"),
        f6_empty="-- nothing yet\n",
        f7_good=TABLE.format("good"),
        f8_psql="\\connect other\n",
        fnotes="select 1;\n",
    )
    project = tmp_path / "project"
    adopted = adopt(source, project, replay=False)
    said = {fault.file: (fault.says, fault.left_out) for fault in adopted.faults}
    assert said["1_bom.sql"] == ("line 1: the file starts with a UTF-8 byte order mark", False)
    assert "carriage return" in said["2_crlf.sql"][0]
    assert "byte 0xfc is not UTF-8" in said["3_latin.sql"][0]
    assert "4_broken.sql:1:24" in said["4_broken.sql"][0]
    assert said["5_two.sql"][1]
    assert "5_twice.sql" in said["5_two.sql"][0]
    assert said["6_empty.sql"][1]
    assert "psql meta-command" in said["8_psql.sql"][0]
    assert said["notes.sql"][1]
    plan = read_plan(project)
    assert [m.version for m in plan.migrations] == ["1", "2", "3", "4", "5", "7", "8"]
    assert plan.migration("7").risk == "low"
    with pytest.raises(FileInvalid, match="byte order mark"):  # its place stops the run
        _ = plan.migration("1").script
    text = (project / "migrations" / "plan.toml").read_text()
    assert "# Left out: notes.sql: it is not named <digits>_<name>.sql" in text
    assert "# Cannot be read yet: line 1: the file starts with a UTF-8 byte order mark." in text


def test_with_mend_marks_and_carriage_returns_are_taken_off_and_nothing_else(tmp_path: Path):
    source = _folder(
        tmp_path,
        f1_bom=b"\xef\xbb\xbf" + TABLE.format("bom").encode().replace(b"\n", b"\r\n"),
        f2_latin="select 'Zürich';\n".encode("latin-1"),
    )
    adopted = adopt(source, tmp_path / "project", mend=True, replay=False)
    path = tmp_path / "project" / "migrations" / "1_bom.sql"
    assert path.read_bytes() == TABLE.format("bom").encode()
    assert [fault.file for fault in adopted.faults] == ["2_latin.sql"]
    assert adopted.entries["1"].remarks[0].startswith("Mended: a byte order mark was taken off")


def test_files_that_fail_are_named_and_the_rest_goes_on(
    home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    source = _folder(
        tmp_path,
        f1_a=TABLE.format("a"),
        f2_fails="create index i on public.a (id) where id < extract(day from now());\n",
        f3_c="create table public.c (id int references public.a);\n",
    )
    code = main(["init", str(source), "--project", str(tmp_path / "project"), "--json"])
    assert code == 3
    document = json.loads(capfd.readouterr().out)
    trials = [entry["trial"] for entry in document["migrations"]]
    assert "functions in index predicate must be marked IMMUTABLE" in trials[1]["failure"]
    assert [trial["rollback"] for trial in trials] == ["drafted", "", "drafted"]
    assert {path.name for path in (tmp_path / "project/migrations/rollback").iterdir()} == {
        "1_a.sql",
        "3_c.sql",
    }


def test_nothing_that_exists_is_overwritten(tmp_path: Path):
    source, project = _folder(tmp_path, f1_a=TABLE.format("a")), tmp_path / "project"
    kept = project / "notebooks" / "00_baseline.ipynb"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(Refused, match=r"notebooks/00_baseline\.ipynb would be overwritten"):
        _init(source, project)
    assert [p.name for p in project.rglob("*") if p.is_file()] == ["00_baseline.ipynb"]
    assert kept.read_text() == "mine"
    kept.unlink()
    _init(source, project)
    with pytest.raises(Refused, match=r"migrations/plan\.toml is there already"):
        _init(source, project)


def test_a_project_can_be_adopted_where_it_stands(tmp_path: Path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_a.sql").write_text(TABLE.format("a"))
    plan = _init(folder, tmp_path)
    assert [m.version for m in plan.migrations] == ["1"]
    assert (tmp_path / "notebooks" / "01_migration_1.ipynb").exists()
    assert (folder / "1_a.sql").read_text() == TABLE.format("a")


def test_odd_and_repeated_names_give_notebooks_that_python_and_nbformat_accept(tmp_path: Path):
    source = _folder(tmp_path, f1_fix="select 1;", f2_fix="select 1;", f3_mode="select 1;")
    (source / '4_Add the "new" things, l\'été.sql').write_text("select 1;")
    (source / f"5_{'long_' * 15}.sql").write_text("select 1;")
    plan = _init(source, tmp_path / "project", phases=["All=.."])
    assert [m.variable for m in plan.migrations] == ["m1", "m2", "m3", "m4", "m5"]
    notebook = nbformat.read(tmp_path / "project/notebooks/01_all.ipynb", as_version=4)
    nbformat.validate(notebook)
    openings = [c.source for c in notebook.cells if c.id.endswith("-precheck")]
    keys = [text.split('"')[1] for text in openings]
    found = [plan.phases[0][key].version for key in keys]
    assert found == ["1", "2", "3", "4", "5"]


def test_hundreds_of_files_are_each_parsed_once(tmp_path: Path, monkeypatch):
    source = _folder(tmp_path, **{f"f{n:04}_t{n}": TABLE.format(f"t{n}") for n in range(300)})
    parsed: list[str] = []
    real = postgast.parse
    monkeypatch.setattr(postgast, "parse", lambda text: parsed.append(text) or real(text))
    plan = _init(source, tmp_path / "project")
    assert len(plan.migrations) == 300
    assert len(parsed) == len(set(parsed)) == 300
