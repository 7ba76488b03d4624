"""What a protected database asks before it is changed: by whom, for what, and for what not."""

from __future__ import annotations

import re

import pytest
from runbook import show
from runbook.errors import NotApproved, Refused
from runbook.in_hand.desk import Baseline, Rollback, open_baseline, open_rollback
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int primary key);\nalter table public.one enable row level security;\n"  # noqa: E501
TARGET = "env:SOMEWHERE"


@pytest.fixture
def protected(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The same database under a name that is not the embedded server's."""
    project.connect().close()
    monkeypatch.setenv("SOMEWHERE", project.server.conninfo(project.database))
    return project


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Somebody sits in front of it; what they are shown."""
    shown: list[object] = []
    monkeypatch.setattr(show, "interactive", lambda: True)
    monkeypatch.setattr(show, "settled", lambda: None)
    monkeypatch.setattr(show, "progress", lambda words: None)
    monkeypatch.setattr(show, "display", shown.append)
    return shown


def _rollback(project: Project, versions: str, **given: str) -> Rollback:
    return open_rollback(target=TARGET, versions=versions, operator="bob",
                         project=str(project.root), **given)  # fmt: skip


def _baseline(project: Project, **given: str) -> Baseline:
    return open_baseline(target=TARGET, operator="bob", project=str(project.root), **given)


def _applied(project: Project) -> str:
    one = project.add("one", ONE, tables=("public.one",), rollback="drop table public.one;\n")
    project.engine(one)
    return one


def test_a_rollback_asks_for_the_typed_name_and_compares_it(protected: Project, somebody):
    one = _applied(protected)
    note = _rollback(protected, one, mode="check").preview().note
    token = re.search(r"approves this: (\w+)", note)[1]
    desk = _rollback(protected, one, mode="apply", approve=token)
    before = protected.everything()
    with pytest.raises(NotApproved, match="is PRODUCTION, and asks for its name"):
        desk.apply()
    assert "Type its name to confirm" in repr(somebody[-1])
    desk._confirmation._box.value = "postgres"
    with pytest.raises(NotApproved, match="another name than the database's was typed"):
        desk.apply()
    assert protected.everything() == before
    assert f"change the database {protected.database}" in repr(desk.confirm())
    desk._confirmation._box.value = f" {protected.database} "
    assert repr(desk.confirm()) == f"Confirmed: {protected.database}."
    assert "identical" in list(desk.apply()["observed"])
    assert protected.history() == []


def test_the_name_alone_is_no_approval_and_the_token_alone_is_enough_where_nobody_sits(
    protected: Project, monkeypatch: pytest.MonkeyPatch
):
    one = _applied(protected)
    desk = _rollback(protected, one, mode="apply")
    before = protected.everything()
    with pytest.raises(NotApproved, match="needs its rollback token") as caught:
        desk.apply()
    assert "mode=check; it prints the token" in caught.value.remedy
    assert protected.everything() == before
    assert "nobody sits here; the plan token is the approval" in repr(desk.confirm())
    token = re.search(r"approves this: (\w+)", desk.preview().note)[1]
    _rollback(protected, one, mode="apply", approve=token).apply()
    assert protected.history() == []


def test_a_rollback_asks_for_nothing_where_nothing_is_taken_back(protected: Project, somebody):
    one = _applied(protected)
    desk = _rollback(protected, one)
    before = protected.everything()
    assert desk.mode == "check"
    assert "mode is check, and nothing is taken back" in repr(desk.confirm())
    assert list(desk.apply()["verdict"]) == ["SKIP"]
    assert protected.everything() == before
    embedded = open_rollback(target=protected.name, versions=one, project=str(protected.root))
    assert "the embedded server, which can be thrown away" in repr(embedded.confirm())


def test_a_rollback_of_nothing_named_is_refused_where_somebody_sits(protected: Project, somebody):
    _applied(protected)
    desk = open_rollback(target=protected.name, project=str(protected.root))
    before = protected.everything()
    with pytest.raises(Refused, match="running this notebook twice would take back two"):
        desk.apply()
    assert protected.everything() == before


def test_the_measure_of_a_protected_database_needs_the_token_and_writes_the_ledger_alone(
    protected: Project, somebody
):
    protected.add("one", ONE, tables=("public.one",))
    protected.sql("create table public.kept (id int); insert into public.kept values (1), (2)")
    before = protected.everything()
    assert _baseline(protected).measure().values.tolist()[0][:2] == ["public.kept", 2]
    with pytest.raises(NotApproved, match="is protected and no token was given"):
        _baseline(protected, mode="apply").measure()
    assert protected.everything() == before
    token = str(protected.open(target=TARGET).token()).split(": ")[1].split()[0]
    _baseline(protected, mode="apply", approve=token).measure()
    assert somebody == []  # no name was asked for: nothing of the project's own was changed
    assert protected.fingerprint() == before[0]
    assert ("baseline", "done") in protected.states()
    protected.sql("insert into public.kept values (3)")
    again = _baseline(protected, mode="apply", approve=token).measure()
    assert again.values.tolist()[0][:2] == ["public.kept", 2]  # the state of before, once for all
