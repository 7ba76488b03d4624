"""A protected target changes only under the token that somebody approved."""

from __future__ import annotations

import pytest
from runbook.errors import NotApproved
from runbook.notebooks import write_notebooks
from runbook.postgres import production_state
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TARGET = "env:RUNBOOK_TEST_TARGET"
TABLE = "create table public.{0} (id int);\nalter table public.{0} enable row level security;\n"


@pytest.fixture
def protected(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two phases of two and one migration, on a target that only a variable names."""
    for name, phase in (("a", "one"), ("b", "one"), ("c", "two")):
        project.add(name, TABLE.format(name), phase=phase, tables=(f"public.{name}",))
    conninfo = production_state.conninfo(project.root, project.database)
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", conninfo)
    return project


def _token(project: Project, phase: str = "one") -> str:
    text = str(project.open(phase, target=TARGET).token())  # mode is check: it is protected
    return text.split(": ")[1].split()[0]


def _apply(project: Project, version: str, phase: str, token: str) -> None:
    project.close(version, phase, target=TARGET, mode="apply", approve=token)


def test_the_default_is_to_look_only(protected: Project):
    assert protected.open(target=TARGET).mode == "check"
    assert protected.open().mode == "apply"


def test_without_the_token_nothing_is_written_not_even_to_the_ledger(protected: Project):
    before = protected.everything()
    for wrong in ("", "0" * 20, _token(protected)[:-1]):
        with pytest.raises(NotApproved) as caught:
            protected.open(target=TARGET, mode="apply", approve=wrong)
        assert "--mode check" in caught.value.remedy
        assert caught.value.exit_code == 2
    assert protected.everything() == before
    assert protected.sql("select from pg_namespace where nspname = 'runbook'") == []


def test_an_edited_file_or_a_manual_change_voids_the_token(protected: Project):
    token = _token(protected)
    path = protected.file(protected.plan.migrations[1].version)
    path.write_text(TABLE.format("b") + "-- changed\n")
    with pytest.raises(NotApproved, match=rf"now: migrations/{path.name} was edited\."):
        protected.open(target=TARGET, mode="apply", approve=token)
    path.write_text(TABLE.format("b"))
    protected.sql("create table public.by_hand (id int)")
    with pytest.raises(NotApproved, match=r"now: catalog: table public\.by_hand was added, column"):
        protected.open(target=TARGET, mode="apply", approve=token)
    protected.sql("drop table public.by_hand")
    assert _token(protected) == token
    protected.open(target=TARGET, mode="apply", approve=token)


def test_a_file_that_is_edited_in_the_open_kernel_is_not_applied_under_the_old_token(
    protected: Project,
):
    a, b, _ = (m.version for m in protected.plan.migrations)
    step = protected.step(a, target=TARGET, mode="apply", approve=_token(protected))
    step.precheck()
    protected.file(b).write_text(TABLE.format("b") + "comment on table public.b is 'mine';\n")
    with pytest.raises(NotApproved):
        step.apply()
    protected.file(b).write_text(TABLE.format("b"))
    protected.file(a).write_text(TABLE.format("a") + "comment on table public.a is 'mine';\n")
    step.precheck()
    with pytest.raises(NotApproved):
        step.apply()
    assert protected.history() == []


def test_one_token_carries_through_both_phases_and_ends_with_a_change_by_hand(protected: Project):
    a, b, c = (m.version for m in protected.plan.migrations)
    everything = _token(protected, "two")
    assert everything != _token(protected, "one")
    _apply(protected, a, "one", everything)
    protected.sql("create table public.by_hand (id int)")
    with pytest.raises(NotApproved, match=r"changed since the token .* was last used"):
        protected.open(target=TARGET, mode="apply", approve=everything)
    protected.sql("drop table public.by_hand")
    _apply(protected, b, "one", everything)
    # A token of one phase says nothing of the next.
    _apply(protected, c, "two", everything)
    assert protected.history() == [a, b, c]
    used = [e for e in protected.events() if e.stage == "approval"]
    assert len(used) == 1
    assert set(used[0].detail["files"]) == {a, b, c}


def test_a_loss_that_the_plan_declares_later_needs_a_new_token(protected: Project):
    """Declaring it is the one edit that lets data go; whoever approved did not see it."""
    a, b, _ = (m.version for m in protected.plan.migrations)
    token = _token(protected)
    _declare(protected, b)
    with pytest.raises(
        NotApproved, match=r"risk or may_lose of migrations/\w+_b\.sql was edited in plan"
    ):
        protected.open(target=TARGET, mode="apply", approve=token)
    _declare(protected, b, undo=True)
    _apply(protected, a, "one", token)
    _declare(protected, b)
    with pytest.raises(NotApproved, match=r"_b\.sql as it is now, with the losses"):
        protected.open(target=TARGET, mode="apply", approve=token)
    shown = str(protected.open(target=TARGET).token())
    assert shown.split(": ")[1].split()[0] != token
    _apply(protected, b, "one", _token(protected))


def test_a_risk_that_is_lowered_after_the_approval_needs_a_new_token(protected: Project):
    """A high risk has to prove its way back first; a lower one has not."""
    token = _token(protected)
    path = protected.root / "migrations" / "plan.toml"
    text = path.read_text()
    assert 'risk = "low"' in text
    path.write_text(text.replace('risk = "low"', 'risk = "medium"', 1))
    with pytest.raises(NotApproved, match=r"risk or may_lose of migrations/\w+_a\.sql was edited"):
        protected.open(target=TARGET, mode="apply", approve=token)


def _declare(project: Project, version: str, *, undo: bool = False) -> None:
    path = project.root / "migrations" / "plan.toml"
    head, entry = path.read_text().split(f'version = "{version}"', 1)
    old, new = "may_lose = []", 'may_lose = ["public.a"]'
    entry = entry.replace(new, old, 1) if undo else entry.replace(old, new, 1)
    path.write_text(f'{head}version = "{version}"{entry}')


def test_a_token_of_the_first_phase_does_not_open_the_second(protected: Project):
    a, b, c = (m.version for m in protected.plan.migrations)
    first = _token(protected, "one")
    _apply(protected, a, "one", first)
    _apply(protected, b, "one", first)
    with pytest.raises(NotApproved, match=rf"does not cover migrations/{c}_c\.sql"):
        protected.open("two", target=TARGET, mode="apply", approve=first)
    # What is applied may be looked at and closed again without any token.
    protected.open("one", target=TARGET, mode="apply")[a].verify()


def test_the_check_of_the_command_line_prints_the_token_that_the_apply_accepts(
    protected: Project, capfd: pytest.CaptureFixture[str]
):
    """Through papermill and kernels, as an operator and an approver do it."""
    write_notebooks(protected.plan, protected.root / "notebooks")
    before = protected.everything()
    named = ("--target", TARGET)
    assert protected.run("run", "two", *named, "--mode", "check", target=False) == 0
    out = capfd.readouterr().out
    token = out.split("as it is now: ")[1].split()[0]
    assert "Plan token for these 3 files" in out
    assert protected.everything() == before
    refused = protected.run(
        "run", "one", *named, "--mode", "apply", "--approve", "0" * 20, target=False
    )
    assert refused == 2
    assert protected.everything() == before
    accepted = protected.run(
        "run", "one", "two", *named, "--mode", "apply", "--approve", token, target=False
    )
    assert accepted == 0, capfd.readouterr().err
    assert "3/3 applied" in capfd.readouterr().out
