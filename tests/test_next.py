"""`runbook next`: where a target stands, and the command that comes next, in every situation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from management_api import ManagementApi
from mcp_fixtures import TARGET
from runbook import ledger
from runbook.approvals import second
from runbook.errors import RunbookError
from runbook.ledger import Author
from runbook.notebooks import write_notebooks
from sandbox import Project

pytest_plugins = ("engine_fixtures", "mcp_fixtures")

ONE = "create table public.one (id int primary key);\nalter table public.one enable row level security;\n"  # noqa: E501
TWO = ONE.replace("one", "two")
SCENARIO = "-- name: it is empty\n-- as: owner\n-- expect: 0 rows\nselect from public.one;\n"


class Asked:
    """What `runbook next` says, as a document and in words."""

    def __init__(self, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
        self._project, self._capfd = project, capfd

    def __call__(self, *, code: int, kind: str) -> dict[str, Any]:
        before = self._project.everything()
        self._capfd.readouterr()
        found = self._project.run("next")
        self.words = self._capfd.readouterr().out
        assert found == code, self.words
        assert self._project.run("next", "--json") == code
        document = json.loads(self._capfd.readouterr().out)
        print(self.words)  # shown where a test fails
        assert (document["exit_code"], document["kind"]) == (code, kind)
        assert all(step in self.words for step in document["steps"])
        assert self._project.everything() == before  # it only looks
        return document


@pytest.fixture
def asked(project: Project, capfd: pytest.CaptureFixture[str]) -> Asked:
    project.connect().close()
    return Asked(project, capfd)


def test_from_the_first_migration_to_the_validated_end(project: Project, asked: Asked):
    one = project.add("one", ONE, tables=("public.one",), scenario=SCENARIO)
    write_notebooks(project.plan, project.root / "notebooks")
    said = asked(code=0, kind="pending")
    assert said["cell"] == "01_one: one.precheck()"
    assert said["now"] == ["1 pending, the first one."]
    assert said["steps"] == [f"runbook run --target {project.name} --project {project.root}"]
    step = project.step(one)
    for stage, following in (("precheck", "apply"), ("apply", "verify"), ("verify", "test"),
                             ("test", "checkpoint")):  # fmt: skip
        getattr(step, stage)()
        assert asked(code=0, kind="begun")["cell"] == f"01_one: one.{following}()"
    step.checkpoint()
    said = asked(code=0, kind="to validate")
    assert said["steps"][0].startswith(f"runbook run validation --target {project.name}")
    assert project.run("run", "validation") == 0
    said = asked(code=0, kind="done")
    assert said["steps"] == ["nothing"]
    assert "validated: runs/" in said["now"][0]


def test_a_failed_stage_is_named_with_its_check_its_remedy_and_the_way_on(
    project: Project, asked: Asked
):
    one = project.add("one", ONE.replace("int", "nothing"), tables=("public.one",),
                      rollback="drop table public.one;\n",
                      scenario=SCENARIO.replace("0 rows", "1 row"))  # fmt: skip
    with pytest.raises(RunbookError):
        project.step(one).precheck()
    said = asked(code=3, kind="failed")
    assert "one: precheck failed" in said["now"][0]
    assert 'type "nothing" does not exist' in said["now"][0]
    assert said["now"][1] == "Nothing of it is applied."
    assert said["steps"][0] == f"mend migrations/{one}_one.sql"
    assert said["steps"][1].startswith("runbook run --target")
    project.file(one).write_text(ONE)
    said = asked(code=0, kind="begun")  # mended, as far as anybody can know before it is tried
    assert said["now"][1] == "Nothing of it is applied; its file was edited since."
    assert said["steps"][0].startswith("runbook run --target")
    step = project.applied(one)
    step.verify()
    with pytest.raises(RunbookError):
        step.test()
    said = asked(code=3, kind="failed")
    assert "one: test failed" in said["now"][0]
    assert "it is empty" in said["now"][0]
    assert said["now"][1] == "It is applied and committed."
    assert said["steps"][0].startswith(f"runbook rollback one --target {project.name}")
    assert "01_one: one.precheck()" in project.open().handover()  # the card says the same
    project.file(one).write_text(ONE + "-- mended before it was taken back\n")
    assert asked(code=3, kind="failed")["now"][1].endswith("; its file was edited since.")
    project.file(one).write_text(ONE + "create index on public.one (id);\n")
    assert asked(code=3, kind="failed")["steps"][0].startswith("runbook rollback one")
    project.file(one).write_text(ONE)
    assert project.run("rollback", "one") == 2  # there is no notebook yet
    write_notebooks(project.plan, project.root / "notebooks")
    assert project.run("rollback", "one") == 0
    said = asked(code=0, kind="pending")
    assert "one was taken back" in said["now"][1]
    assert "and its file is as it was then" in said["now"][1]


def test_an_apply_that_failed_was_interrupted_or_was_killed(project: Project, asked: Asked):
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    one = project.add("one", ONE + "insert into public.kept values (1);", tables=("public.one",))
    step = project.step(one)
    step.precheck()
    with pytest.raises(RunbookError):
        step.apply()
    said = asked(code=4, kind="failed")
    assert "one: apply failed" in said["now"][0]
    assert "duplicate key" in said["now"][0]
    assert said["now"][1] == "Nothing of it is applied."
    assert said["steps"][0].startswith("mend ")
    project.file(one).write_text(ONE)
    project.step(one).precheck()
    about = {"stage": "apply", "version": one, "phase": "one"}
    with project.connect() as conn:
        ledger.record(conn, Author("gone", "ada"), state="failed", interrupted=True, **about)
    said = asked(code=0, kind="begun")
    assert "apply was interrupted" in said["now"][0]
    assert "nothing to mend" in said["now"][0]
    assert said["cell"] == "01_one: one.apply()"
    with project.connect() as conn:
        ledger.record(conn, Author("gone", "ada"), state="started", **about)
    said = asked(code=0, kind="begun")
    assert "apply was begun" in said["now"][0]
    assert "nobody is at it now, and nothing of it is applied" in said["now"][0]
    with project.connect() as colleague:
        colleague.execute("select pg_advisory_lock(hashtextextended('runbook.apply', 0))")
        said = asked(code=0, kind="at work")
        assert "a colleague (pid " in said["now"][0]
        assert said["steps"][1].startswith("runbook next --target")


def test_of_a_file_in_parts_the_committed_ones_are_counted(project: Project, asked: Asked):
    project.sql("create table public.big (n int); insert into public.big values (1), (1)")
    text = "create index concurrently a on public.big (n);\ncreate unique index concurrently b on public.big (n);\n"  # noqa: E501
    one = project.add("one", text)
    step = project.step(one)
    step.precheck()
    with pytest.raises(RunbookError):
        step.apply()
    said = asked(code=4, kind="failed")
    assert said["now"][1] == ("1 of 2 parts of one are committed; the next run goes on after them.")
    assert said["also"] == []  # a part's work is no drift
    with project.connect() as conn:
        ledger.record(conn, Author("gone", "ada"), stage="apply", state="started", version=one)
    assert asked(code=0, kind="half way")["now"][1] == said["now"][1]


def test_what_is_in_doubt_edited_re_stamped_or_unreadable_comes_first(
    project: Project, asked: Asked
):
    one, two = project.add("one", ONE, tables=("public.one",)), project.add("two", TWO)
    project.close(one)
    project.sql("delete from supabase_migrations.schema_migrations")
    said = asked(code=5, kind="in doubt")
    assert said["steps"][0].startswith(f"runbook reconcile --target {project.name}")
    assert project.run("reconcile", "--mode", "apply") == 0  # what the first step leads to
    project.file(one).write_text(ONE + "create index on public.one (id);\n")
    said = asked(code=3, kind="edited")
    assert said["now"] == [f"{one} one: its file was edited after it was applied."]
    assert said["steps"][0].startswith("runbook reconcile")
    project.file(one).write_text(ONE)
    project.file(two).write_bytes(b"select '\xfc'")
    said = asked(code=3, kind="file")
    assert f"{two}_two.sql" in said["now"][0]
    project.file(two).write_text(TWO)
    project.sql("insert into supabase_migrations.schema_migrations values ('20270101', %s, 'x')",
                [TWO])  # fmt: skip
    said = asked(code=3, kind="re-stamped")
    assert f"{two}_two is pending, and another tool applied its SQL" in said["now"][0]


def test_in_doubt_and_gone_its_steps_lead_out(project: Project, asked: Asked, capfd):
    one = project.add("one", ONE, tables=("public.one",))
    project.close(one)
    project.sql("drop table public.one; delete from supabase_migrations.schema_migrations")
    steps = asked(code=5, kind="in doubt")["steps"]
    assert steps[1].endswith(f"supabase migration repair --status applied {one}")
    assert steps[2].startswith(f"runbook drift --target {project.name}")
    # As `supabase migration repair` does:
    project.sql("insert into supabase_migrations.schema_migrations values (%s, null, 'one')", one)
    asked(code=3, kind="drift")
    capfd.readouterr()
    assert project.run("drift", "--json") == 3
    for sql in json.loads(capfd.readouterr().out)["sql"]:
        project.sql(sql)
    asked(code=0, kind="to validate")


def test_open_issues_and_what_was_changed_by_hand(project: Project, asked: Asked):
    one = project.add("one", ONE, tables=("public.one",))
    project.add("two", TWO, tables=("public.two",), phase="other")
    step = project.close(one)
    step.issue("the policy is too wide")
    said = asked(code=3, kind="issue")
    assert "the policy is too wide" in said["now"][0]
    assert said["cell"] == '01_one: one.resolve("…", number=1)'
    step.resolve("it is meant")
    said = asked(code=0, kind="pending")
    assert said["also"] == ["Phase one is closed, and no validation was recorded since."]
    project.sql("create index by_hand on public.one (id)")
    said = asked(code=3, kind="drift")
    assert "something was changed since, by hand or by another tool" in said["now"][0]
    assert said["steps"][0].startswith(f"runbook drift --target {project.name}")
    assert said["steps"][1].startswith(f"runbook run --target {project.name}")
    assert project.run("drift") == 3


def test_a_rollback_that_failed_is_not_forgotten(project: Project, asked: Asked):
    one = project.add("one", ONE, tables=("public.one",), rollback="drop table public.one;\n")
    project.close(one)
    project.sql("create view public.stands_on_it as select from public.one")
    write_notebooks(project.plan, project.root / "notebooks")
    assert project.run("rollback", "one") != 0
    if project.states(one)[-1] != ("rollback", "failed"):  # refused in its preview already
        with project.connect() as conn:
            ledger.record(conn, Author("r", "ada"), stage="rollback", state="failed", version=one,
                          phase="one", error="it is still used")  # fmt: skip
    said = asked(code=4, kind="failed")
    assert said["now"][1] == "It is still applied; nothing was lost."
    assert said["steps"][0].startswith(f"mend migrations/rollback/{one}_one.sql")
    assert f"runbook rollback one --target {project.name}" in said["steps"][1]


def test_on_a_protected_target_the_token_is_followed_from_the_check_to_the_end(
    project: Project, asked: Asked, monkeypatch: pytest.MonkeyPatch
):
    one = project.add("one", ONE, tables=("public.one",))
    two = project.add("two", TWO, tables=("public.two",))
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", project.server.conninfo(project.database))
    monkeypatch.delenv(second.REQUIRED, raising=False)
    project.name = "env:RUNBOOK_TEST_TARGET"
    here = f"--target {project.name} --project {project.root}"
    said = asked(code=0, kind="pending")
    assert said["now"][1] == "No token for them is known here: the check prints one."
    assert said["steps"] == [
        f"runbook run {here} --mode check   (prints the token; have it approved)",
        f"runbook run {here} --mode apply --approve TOKEN",
    ]
    given = str(project.open(mode="check").token()).split(": ")[1].split()[0]
    said = asked(code=0, kind="pending")
    assert (
        said["now"][1] == f"Token {given} (check by ada) covers all of them, and was not used yet."
    )
    assert said["steps"] == [f"runbook run {here} --mode apply --approve {given}"]

    monkeypatch.setenv(second.REQUIRED, "1")
    said = asked(code=0, kind="pending")
    assert said["steps"] == [
        f"runbook approve {given} {here}   (by somebody else than ada)",
        f"runbook run {here} --mode apply --approve {given} --require-other-approver",
    ]
    assert project.run("approve", given, "--operator", "grace") == 0
    said = asked(code=0, kind="pending")
    assert "(check by ada), approved by grace" in said["now"][1]
    assert said["steps"] == [f"runbook run {here} --mode apply --approve {given}"]
    monkeypatch.delenv(second.REQUIRED)

    project.close(one, mode="apply", approve=given)
    said = asked(code=0, kind="pending")
    assert (
        f"Token {given} (check by ada), approved by grace is in use, and good for 1 more."
        in (said["now"])
    )
    project.file(two).write_text(TWO + "create index on public.two (id);\n")
    said = asked(code=0, kind="pending")
    assert f"is void: it does not cover migrations/{two}_two.sql" in said["now"][1]
    assert said["steps"][0].startswith(f"runbook run {here} --mode check")
    given = str(project.open(mode="check").token()).split(": ")[1].split()[0]
    assert said["steps"][1].endswith("--approve TOKEN")
    project.file(two).write_text(TWO + "create index by_id on public.two (id);\n")
    said = asked(code=0, kind="pending")
    assert (
        f"Token {given} (check by ada) is void: migrations/{two}_two.sql was edited."
        in (said["now"])
    )


def test_over_mcp_it_says_the_same_and_the_card_the_way_back(
    project: Project, api: ManagementApi, capfd: pytest.CaptureFixture[str]
):
    one = project.add("one", ONE, tables=("public.one",))
    project.add("two", TWO, tables=("public.two",))
    project.engine(one)
    assert project.run("next", "--json", "--target", TARGET, target=False) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["cell"] == "01_one: one.precheck()"  # the engine alone applied it
    assert said["steps"][0].startswith(f"runbook run --target {TARGET} --project ")
    assert project.run("handover", "--target", TARGET, target=False) == 0
    assert f"runbook rollback one --target {TARGET} --mode check" in capfd.readouterr().out
