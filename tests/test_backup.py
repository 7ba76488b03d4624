"""No backup, no rollback: what goes is saved first, and can be put back exactly."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from conftest import PROJECT
from runbook import catalog, embedded, history, ledger, rollback, scenario
from runbook.applying.waiting import Limits
from runbook.errors import CheckFailed, NoBackup, NotApproved, Refused
from runbook.in_hand import baseline
from runbook.in_hand.desk import open_rollback
from runbook.ledger import Author
from runbook.plan import Migration
from runbook.plan_file import read_plan
from runbook.way_back import backup, restore
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ADA = Author("r", "ada")
BASELINE = tuple(
    f"public.{name}" for name in ("profiles", "venues", "events", "orders", "attendees", "tickets")
)
# Everything that makes putting rows back hard, in two tables that refer to each other.
HARD = """
create extension if not exists vector with schema extensions;
create table public.teams (
  id bigint primary key generated always as identity,
  name text not null, slug text generated always as (lower(name)) stored,
  lead bigint, at timestamptz not null default now(), weight float8, raw bytea,
  meaning extensions.vector(3), tags text[]
);
create table public.people (
  serial serial primary key, team bigint not null references public.teams,
  boss int references public.people, state jsonb not null default '{}'
);
alter table public.teams add foreign key (lead) references public.people;
create table public.audit (what text);
create function public.note() returns trigger language plpgsql as $$
begin
  insert into public.audit values (tg_table_name); new.name := new.name || '!'; return new;
end $$;
create trigger note before insert on public.teams for each row execute function public.note();
alter table public.teams enable always trigger note;
create trigger asleep before insert on public.teams for each row execute function public.note();
alter table public.teams disable trigger asleep;
"""
HARD_BACK = """
alter table public.teams drop constraint teams_lead_fkey;
drop table public.people; drop table public.teams; drop function public.note();
drop table public.audit; drop extension vector;
"""
ROWS = """
insert into public.teams (name, weight, raw, meaning, tags)
select format(E'Team\\t%s\\n\\\\.', i), 0.1 + i / 3.0, decode('00ff', 'hex'), '[0.1,2,3e-5]',
       array['a,b', null, '"'] from generate_series(1, 40) i;
insert into public.people (team, boss) select i, nullif(i - 1, 0) from generate_series(1, 40) i;
update public.teams set lead = 41 - id;
delete from public.people where serial = 40 and false;
"""


def _back(project: Project, *versions: str, **given):
    desk = open_rollback(
        target=project.name, versions=" ".join(versions), operator="bob",
        project=str(project.root), **given,
    )  # fmt: skip
    return desk, desk.apply()


def _measured(project: Project) -> dict[str, tuple[int | None, str | None]]:
    with project.connect() as conn:
        return {m.table: (m.rows, m.checksum) for m in baseline.measure(conn)}


def _folders(project: Project) -> list[Path]:
    return sorted(index.parent for index in project.root.rglob(backup.INDEX))


def _restore(project: Project, replace: Path | None = None):
    made = [backup.read(folder) for folder in _folders(project)]
    with project.target.connect() as conn:
        return restore.put_back(project.target, conn, made, ADA, Limits(), replace=replace)


def test_rows_of_every_difficult_kind_come_back_exactly(project: Project):
    version = project.add("hard", HARD, rollback=HARD_BACK,
                          tables=("public.teams", "public.people", "public.audit"))  # fmt: skip
    project.engine(version)
    project.sql(ROWS)
    before, held = _measured(project), project.fingerprint()
    _back(project, version)
    assert project.history() == []
    project.engine(version)
    assert project.value("select count(*) from public.teams") == 0
    rows = _restore(project)
    assert {row.verdict for row in rows} == {"PASS"}
    assert (_measured(project), project.fingerprint()) == (before, held)
    # The triggers fire again, the sleeping one still sleeps, and no number is given twice.
    project.sql("insert into public.teams (name) values ('new')")
    assert project.sql("select id, name from public.teams where id > 40") == [(41, "new!")]
    assert project.states(version)[-2:] == [("apply", "passed"), ("restore", "passed")]


def test_the_index_and_the_ledger_hold_count_and_digests(project: Project):
    version = project.add("hard", HARD, rollback=HARD_BACK)
    project.engine(version)
    project.sql(ROWS)
    _, table = _back(project, version)
    [folder] = _folders(project)
    document = json.loads((folder / backup.INDEX).read_text())
    rows = {item["table"]: item["rows"] for item in document["tables"]}
    assert rows == {"public.teams": 40, "public.people": 40, "public.audit": 40}
    event = project.events(version)[-1]
    assert event.detail["backup"]["tables"]["public.teams"]["rows"] == 40
    assert event.detail["backup"]["folder"].startswith("runs/backups/")
    assert folder.stat().st_mode & 0o077 == 0
    assert sum("40 rows in runs/backups/" in text for text in table["observed"]) == 3


def test_a_backup_that_was_altered_is_refused(project: Project):
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t values (1), (2)")
    _back(project, version)
    [folder] = _folders(project)
    (folder / "001.copy").write_text("1\n3\n")
    with pytest.raises(NoBackup, match=r"001\.copy is not what was written"):
        backup.read(folder)


def test_when_the_rows_cannot_be_saved_nothing_is_taken_back(project: Project):
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t values (1)")
    (project.root / "runs").write_text("a file where the folder should be")
    held = project.fingerprint()
    with pytest.raises(NoBackup, match="cannot be saved") as caught:
        _back(project, version)
    assert "still applied, nothing was lost" in caught.value.state
    assert (project.fingerprint(), project.history()) == (held, [version])
    assert project.value("select count(*) from public.t") == 1


def test_without_a_backup_needs_the_token_on_an_embedded_target_too(project: Project):
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t values (1)")
    with pytest.raises(NotApproved, match="without a backup needs its rollback token"):
        _back(project, version, without_backup=True)
    assert project.history() == [version]
    desk = open_rollback(target=project.name, versions=version, operator="bob", mode="check",
                         project=str(project.root), without_backup=True)  # fmt: skip
    token = desk.preview().note.split()[-1]
    _, table = _back(project, version, without_backup=True, approve=token)
    assert "none was made, as approved" in list(table["observed"])
    assert (project.history(), _folders(project)) == ([], [])


def test_rows_that_a_cascade_takes_from_a_table_that_stays_are_saved_and_come_back(
    project: Project,
):
    project.sql("create table public.kinds (id int primary key, word text);"
                "create table public.things (id int primary key,"
                " kind int references public.kinds on delete cascade);"
                "insert into public.kinds values (1, 'a'), (2, 'b');"
                "insert into public.things values (1, 1), (2, 2), (3, 2)")  # fmt: skip
    version = project.add("more", "insert into public.kinds values (3, 'c');\n",
                          rollback="delete from public.kinds where id >= 2;\n")  # fmt: skip
    project.engine(version)
    before = _measured(project)
    _back(project, version)
    assert project.sql("select id from public.things") == [(1,)]
    rows = _restore(project)
    assert _measured(project) == before
    assert {row.object: row.observed for row in rows} == {
        "public.kinds": "2 of 3 rows were missing and are back",
        "public.things": "2 of 3 rows were missing and are back",
    }


def test_a_column_that_goes_comes_back_with_its_values(project: Project):
    project.sql("create table public.t (id int primary key); insert into public.t values (1), (2)")
    version = project.add("col", "alter table public.t add word text;\n",
                          rollback="alter table public.t drop column word;\n")  # fmt: skip
    project.engine(version)
    project.sql("update public.t set word = 'w' || id")
    _back(project, version)
    project.engine(version)
    _restore(project)
    assert project.sql("select * from public.t order by 1") == [(1, "w1"), (2, "w2")]


def test_nobody_writes_between_backup_and_drop(project: Project):
    """A writer that is in the middle keeps the rollback waiting; what it wrote is saved."""
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t values (1)")
    tried: list[str] = []

    def report(progress) -> None:
        if progress.waiting.startswith("saving"):
            with project.connect() as writer:
                writer.execute("set lock_timeout = '100ms'")
                try:
                    writer.execute("insert into public.t values (2)")
                    tried.append("written")
                except psycopg.errors.LockNotAvailable:
                    tried.append("kept out")

    with project.target.connect() as conn:
        rollback.take_back(
            project.target, conn, project.migration(version), ADA, Limits(), report,
            folder=project.root / "saved",
        )  # fmt: skip
    assert tried == ["kept out"]


def test_rows_that_the_reapply_wrote_make_room_only_when_told(project: Project):
    version = project.add(
        "seeded", "create table public.t (id uuid primary key default gen_random_uuid(), n int"
        " unique);\ninsert into public.t (n) values (1), (2);\n", rollback="drop table public.t;\n",
    )  # fmt: skip
    project.engine(version)
    project.sql("insert into public.t (n) values (3)")
    before = _measured(project)
    _back(project, version)
    project.engine(version)
    with pytest.raises(Refused, match="holds 2 rows that are not those of the backup"):
        _restore(project)
    rows = _restore(project, replace=project.root / "made-room")
    assert _measured(project) == before
    assert rows[0].observed == "2 rows that the re-apply wrote, saved first"
    assert backup.read(project.root / "made-room" / "1").tables[0].rows == 2


def test_a_restore_that_breaks_a_key_changes_nothing(project: Project):
    project.sql("create table public.p (id int primary key); insert into public.p values (1)")
    version = project.add("c", "create table public.c (p int references public.p);\n",
                          rollback="drop table public.c;\n")  # fmt: skip
    project.engine(version)
    project.sql("insert into public.c values (1)")
    _back(project, version)
    project.sql("delete from public.p")
    project.engine(version)
    before = project.fingerprint(), _measured(project)
    with pytest.raises(Exception, match=r"cannot be put back: .*foreign key"):
        _restore(project)
    assert (project.fingerprint(), _measured(project)) == before


def test_a_view_that_somebody_made_by_hand_is_shown_as_standing_on_it(project: Project):
    version = project.add("t", "create table public.t (id int primary key);\n",
                          rollback="drop table public.t;\n")  # fmt: skip
    project.engine(version)
    project.sql("create view public.by_hand as select id from public.t")
    with pytest.raises(CheckFailed, match="view by_hand: needs table t"):
        _back(project, version)


def test_the_command_line_takes_back_into_the_record_and_puts_back_from_it(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    version = project.add(
        "t", "create table public.t (id int primary key);\n"
        "alter table public.t enable row level security;\n",
        rollback="drop table public.t;\n", tables=("public.t",),
    )  # fmt: skip
    assert project.run("notebooks", target=False) == 0
    project.engine(version)
    project.sql("insert into public.t values (1), (2)")
    assert project.run("rollback", version, "--mode", "check") == 0
    assert project.history() == [version]
    assert project.run("rollback", version) == 0
    assert project.history() == []
    [folder] = _folders(project)
    assert folder.parts[-2:] == ("backup", version)
    record = folder.parent.parent.name
    page = (folder.parent.parent / "record.html").read_text()
    assert f"2 rows in runs/{record}/backup/{version}/001.copy" in page
    assert project.run("restore", record) == 2  # the table is not there yet
    assert "Apply the migration again first" in capsys.readouterr().err
    project.engine(version)
    assert project.run("restore", record, "--mode", "check") == 0
    assert "2 rows  public.t" in capsys.readouterr().out
    assert project.run("restore", record) == 0
    assert project.sql("select id from public.t order by 1") == [(1,), (2,)]
    assert project.run("restore", record) == 0  # once more changes nothing
    assert project.value("select count(*) from public.t") == 2


def test_the_rows_of_every_eventos_table_come_back(
    server: embedded.Server, eventos: str, tmp_path: Path
):
    """Each migration filled by its scenario, taken back, applied again, restored."""
    plan = read_plan(PROJECT)
    with psycopg.connect(eventos, autocommit=True, prepare_threshold=None) as conn:
        history.ensure(conn)
        ledger.ensure(conn)
        name = conn.info.dbname
    for migration in plan.everything:
        if migration.phase:
            with psycopg.connect(eventos, autocommit=True, prepare_threshold=None) as conn:
                _apply(conn, migration)
        copy = f"{name}_filled"
        with psycopg.connect(server.conninfo("template1"), autocommit=True) as admin:
            admin.execute(f"create database {copy} template {name} owner postgres")
        try:
            _fill_and_take_back(server.conninfo(copy), migration, tmp_path / migration.version)
        finally:
            embedded.drop(server, copy)


def _fill_and_take_back(conninfo: str, migration: Migration, folder: Path) -> None:
    target = _Here(conninfo)
    with target.connect() as conn:
        _keep_scenario(conn, migration)
        tables = migration.tables or BASELINE
        before = {m.table: (m.rows, m.checksum) for m in baseline.measure(conn)}
        assert all(before[table][0] for table in tables), "the scenario fills every table"
        held = catalog.snapshot(conn)
        rollback.take_back(target, conn, migration, ADA, Limits(), folder=folder)
        made = backup.read(folder)
        assert set(tables) <= {item.table for item in made.tables}
        _apply(conn, migration)
        restore.put_back(target, conn, [made], ADA, Limits(), replace=folder / "room")
        after = {m.table: (m.rows, m.checksum) for m in baseline.measure(conn)}
        assert catalog.diff(held, catalog.snapshot(conn)) == []
        assert after == before, migration.name


class _Here:
    """The one database of a test, as much of a target as the engine asks for."""

    name, protected, keeps_session = "embedded:eventos", False, True

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def connect(self, *, purpose: str = "") -> psycopg.Connection:
        return psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=None)


def _apply(conn: psycopg.Connection, migration: Migration) -> None:
    with conn.transaction():
        for statement in migration.script.statements:
            conn.execute(statement.text)
        history.insert(conn, migration)


def _keep_scenario(conn: psycopg.Connection, migration: Migration) -> None:
    """The rows that the scenario makes: committed, where it would have been rolled back."""
    with scenario.play(conn, migration.scenario):
        conn.execute("reset role")
        conn.execute("commit")
