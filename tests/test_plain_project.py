"""A project on plain PostgreSQL, from a folder of files to the way back, on a real server."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import servers
from runbook import embedded, ledger
from runbook.cli import main
from runbook.errors import PlanInvalid, TargetRefused
from runbook.findings import FAIL, SKIP, WARN
from runbook.in_hand.desk import open_baseline, open_rollback
from runbook.in_hand.opened import open_phase
from runbook.plain import platform
from runbook.plain.platform import PLAIN_HOME
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.promises.promise import promises
from runbook.sql import script_of
from runbook.verify import verify
from runbook.way_back.prove import prove

SHOP = Path(__file__).parent / "plain_shop"
TARGET = "env:RUNBOOK_TEST_TARGET"
FIRST, SECOND = "20260101090000", "20260201090000"
CUSTOMERS = """
insert into shop.customer (email, given_name, family_name, fax)
select n || '@shop.example', 'C', 'No ' || n, n::text from generate_series(1, 5000) as n
"""


@pytest.fixture(scope="module")
def home(server: embedded.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project, made by `runbook init` from the folder; its embedded server is a plain one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNBOOK_HOME", str(server.home))
        for variable in ("RUNBOOK_PROJECT", "RUNBOOK_TARGET", "RUNBOOK_RECORD", "RUNBOOK_RUN"):
            patch.delenv(variable, raising=False)
        broken_pipe = signal.getsignal(signal.SIGPIPE)
        root = tmp_path_factory.mktemp("plain") / "shop"
        said = ["init", str(SHOP), "--project", str(root), "--phase", f"New=..{SECOND}"]
        said[-1] = f"First={FIRST}..20260103090000"
        assert main(said) == 0
        plan = root / "migrations" / "plan.toml"
        text = plan.read_text()
        for version in ("20260203090000", "20260204090000"):
            at = text.index("requires", text.index(f'version  = "{version}"'))
            text = f'{text[:at]}may_lose = ["shop.customer"]\n  {text[at:]}'
        plan.write_text(text)
        yield root
        signal.signal(signal.SIGPIPE, broken_pipe)
        production_state.release(root)


@pytest.fixture(scope="module")
def fifteen() -> Iterator[servers.Cluster]:
    with servers.cluster(15) as cluster:
        cluster.sql("create role shop_owner login createrole")
        cluster.sql("create database shop owner shop_owner")
        yield cluster


@pytest.fixture(scope="module")
def shop(fifteen: servers.Cluster) -> Iterator[str]:
    """The conninfo of the target, by TCP, as an ordinary role that owns its database."""
    conninfo = fifteen.conninfo(host="127.0.0.1", user="shop_owner", dbname="shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNBOOK_TEST_TARGET", conninfo)
        yield conninfo


def _closed(root: Path, phase: str) -> dict[str, list]:
    """Every migration of the phase through its five stages, under a token; the findings."""
    checked = open_phase(phase, target=TARGET, project=root)
    for migration in checked.definition.migrations:
        checked[migration.key].precheck()
    token = str(checked.token()).split(": ")[1].split()[0]
    phase = open_phase(phase, target=TARGET, mode="apply", approve=token, project=root)
    for migration in phase.definition.migrations:
        step = phase[migration.key]
        for stage in ("precheck", "apply", "verify", "test"):
            getattr(step, stage)()
        if migration.risk != "low":
            step.acknowledge()
        step.checkpoint()
    phase.schema()
    return {
        f"{event.version} {event.stage}": event.findings
        for event in ledger.read(phase.conn)
        if event.findings
    }


@pytest.fixture(scope="module")
def done(home: Path, shop: str) -> dict[str, list]:
    """Both phases applied, with rows between them."""
    token = str(open_phase("1", target=TARGET, project=home).token()).split(": ")[1].split()[0]
    found = _closed(home, "1")
    assert token  # a look alone leaves nothing
    with psycopg.connect(shop, autocommit=True) as conn:
        conn.execute(CUSTOMERS)
    checked = open_phase("2", target=TARGET, project=home)
    approve = str(checked.token()).split(": ")[1].split()[0]
    open_baseline(target=TARGET, mode="apply", approve=approve, project=home).measure()
    return found | _closed(home, "2")


def test_what_the_files_speak_of_is_written_into_the_plan(home: Path):
    plan = read_plan(home)
    assert plan.platform == "postgresql"
    assert [len(phase.migrations) for phase in plan.phases] == [3, 4]
    assert platform.home(home).name == PLAIN_HOME
    text = (home / "migrations" / "plan.toml").read_text()
    assert (
        "Verify will stop" not in text
    )  # public.setting has no row-level security, and needs none


def test_its_files_and_rollbacks_hold_on_an_embedded_server_without_supabases_roles(home: Path):
    """The roles that a file makes are there from other databases of that server."""
    plan = read_plan(home)
    wanted = [m for m in plan.migrations if m.rollback.exists()]
    assert len(wanted) == 6  # nothing takes an enum's value back
    proofs = prove(plan, [plan.migration("20260103090000")])
    assert [proof.passed for proof in proofs] == [True]
    with psycopg.connect(
        production_state.server(home).conninfo("template1"), autocommit=True
    ) as conn:
        roles = {name for (name,) in conn.execute("select rolname from pg_roles")}
    assert roles.isdisjoint({"anon", "authenticated", "service_role", "authenticator"})


def test_all_stages_pass_under_a_token_on_a_plain_server(done: dict[str, list], shop: str):
    bad = [row for rows in done.values() for row in rows if row.verdict == FAIL]
    assert not bad
    with psycopg.connect(shop) as conn:
        [(customers, countries)] = conn.execute(
            "select count(*), count(country) from shop.customer"
        ).fetchall()
        assert (customers, countries) == (5000, 5000)


def test_the_projects_own_role_is_played_and_measured(done: dict[str, list]):
    rows = {row.object: row for row in done["20260103090000 test"]}
    for name in (
        "shop.orders · role shop_app_rw with shop.desk",
        "billing.invoice · role shop_app_rw",
    ):
        assert rows[name].verdict == "PASS", rows[name]
    assert rows["without a desk nobody sees any"].verdict == "PASS"


def test_a_file_in_parts_is_not_warned_of_what_its_parts_are_for(done: dict[str, list]):
    lints = [row for row in done["20260202090000 precheck"] if row.check == "Lint"]
    assert [row.verdict for row in lints] == ["PASS"]


def test_validation_says_once_what_was_not_asked_and_what_was_lost_on_purpose(
    done: dict[str, list], home: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["validate", "--target", TARGET, "--project", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    skips = [row for row in told["findings"] if row["verdict"] == SKIP]
    assert {row["check"] for row in skips} == {"Supabase's rules", "Nothing to look at"}
    assert len(skips) == 2
    [data] = [row for row in told["criteria"] if row["object"].startswith("Zero data loss")]
    assert data["verdict"] == WARN
    assert "shop.customer: not, as plan.toml declares" in data["observed"]


def test_there_is_no_drift_on_an_older_major_with_partitions(
    done: dict[str, list], home: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["drift", "--target", TARGET, "--project", str(home)]) == 0
    assert "no differences" in capsys.readouterr().out


def test_the_last_ones_are_taken_back_with_their_rows_kept(
    done: dict[str, list], home: Path, shop: str
):
    versions = "20260204090000 20260203090000 20260202090000"
    token = open_rollback(target=TARGET, versions=versions, project=home).token()
    open_rollback(
        target=TARGET, versions=versions, mode="apply", approve=token, project=home
    ).apply()
    with psycopg.connect(shop) as conn:
        columns = conn.execute(
            "select string_agg(attname, ' ' order by attname) from pg_attribute"
            " where attrelid = 'shop.customer'::regclass and attnum > 0 and not attisdropped"
        ).fetchone()
        assert columns == ("created_at email family_name fax full_name given_name id",)
        assert conn.execute("select count(*) from shop.customer").fetchone() == (5000,)


def test_the_word_in_the_plan_decides_what_verify_asks_of_a_new_table(conn: psycopg.Connection):
    """Where other databases of the server have the API's roles, too."""
    text = "create table public.bare (id int primary key);\n"
    conn.execute(text)
    promised = promises(script_of(text, file="bare.sql").statements)
    served, plain = (
        {row.check: row.verdict for row in verify(conn, promised, platform=platform)}
        for platform in ("supabase", "postgresql")
    )
    assert served["RLS enabled"] == FAIL
    assert "RLS enabled" not in plain
    assert plain["Tables created"] == "PASS"


def test_another_word_is_refused_with_its_line(tmp_path: Path):
    (tmp_path / "migrations").mkdir()
    plan = 'project = "Shop"\n\nplatform = "oracle"\n'
    (tmp_path / "migrations" / "plan.toml").write_text(plan)
    with pytest.raises(PlanInvalid, match="line 3: platform 'oracle' of the plan is none of"):
        read_plan(tmp_path)


def test_a_project_begins_in_an_empty_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("RUNBOOK_PROJECT", raising=False)
    here = str(tmp_path)
    assert main(["init", here, "--project", here]) == 0
    assert main(["new", "create shop", "--project", here]) == 0
    said = capsys.readouterr().out
    assert "runbook new create_customers" in said
    with (tmp_path / "migrations" / "plan.toml").open("a") as file:
        file.write(said[said.index("[[phase]]") : said.index("Then `runbook")])
    assert [m.name for m in read_plan(tmp_path).migrations] == ["create_shop"]
    (tmp_path / "elsewhere" / "db").mkdir(parents=True)
    (tmp_path / "elsewhere" / "db" / "1_a.sql").write_text("select 1;\n")
    there = str(tmp_path / "elsewhere")
    assert main(["init", there, "--project", there]) == 2, "SQL is there, only not looked for"
    assert "Name their folder" in capsys.readouterr().err


def test_a_supabase_database_is_refused_where_the_plan_says_that_it_is_none(
    home: Path, database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RUNBOOK_TEST_SUPABASE", database)
    with pytest.raises(TargetRefused, match="is a Supabase database"):
        open_phase("1", target="env:RUNBOOK_TEST_SUPABASE", project=home)
