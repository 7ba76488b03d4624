"""The panel, the confirmation and the hand-over card, on real databases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from runbook import show
from runbook.errors import NotApplied, NotApproved, RunbookError
from runbook.humane import humane
from runbook.panel import markup, words
from runbook.panel.live import Watcher
from runbook.panel.running import if_interrupted, in_words, started
from runbook.panel.steps import MAP
from runbook.panel.view import EMBEDDED, PRODUCTION, STAGING, environment_of, look
from runbook.target import open_target
from sandbox import Background, Project, until

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int primary key);\nalter table public.one enable row level security;\n"  # noqa: E501
TWO = ONE.replace("one", "two")


def _view(project: Project):
    phase = project.open()
    return look(phase, phase.conn)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("embedded", EMBEDDED),
        ("embedded:prod", EMBEDDED),
        ("env:STAGING", STAGING),
        ("service=eventos-test", STAGING),
        ("service=eventos", PRODUCTION),
        ("env:DATABASE_URL", PRODUCTION),
        ("env:PROD_TEST", PRODUCTION),
        ("service=latest", PRODUCTION),
    ],
)
def test_a_target_that_does_not_say_it_is_for_trying_is_called_production(
    name: str, environment: str, tmp_path
):
    assert environment_of(open_target(name, tmp_path)) == environment


def test_the_panel_names_the_next_cell_at_every_step(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    project.add("two", TWO, tables=("public.two",), risk="medium")
    step = project.step(one)
    for stage in ("precheck", "apply", "verify", "test", "checkpoint"):
        view = _view(project)
        assert view.next == f"one.{stage}()"
        assert view.steps[0]["acknowledge"] == "not asked"
        getattr(step, stage)()
        assert _view(project).steps[0][stage] == "passed"
    view = _view(project)
    assert (view.next, view.applied, view.closed) == ("two.precheck()", 1, 1)
    assert view.steps[1]["acknowledge"] == "to do"


def test_the_panel_says_what_failed_what_was_edited_and_what_is_in_doubt(project: Project):
    one = project.add("one", ONE.replace("one (", "one (nothing nowhere, "), tables=("public.one",))
    with pytest.raises(RunbookError):
        project.step(one).precheck()
    view = _view(project)
    assert (view.steps[0]["precheck"], view.next) == ("failed", "one.precheck()")
    project.file(one).write_text(ONE)
    project.applied(one)
    project.file(one).write_text(ONE + "create index on public.one (id);\n")
    view = _view(project)
    assert view.steps[0]["apply"] == "file edited"
    assert "the file was edited after it was applied" in view.blockers[0]
    project.file(one).write_text(ONE)
    project.sql("delete from supabase_migrations.schema_migrations")
    view = _view(project)
    assert view.steps[0]["apply"] == "in doubt"
    assert view.doubt
    assert view.next == ""


def test_text_and_html_of_the_panel_say_the_same_words(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    project.close(one).issue("the index <b>is</b> missing")
    view = _view(project)
    text, html = words.text(view), markup.html(view)
    for said in (*words.lines(view), *words.after(view)):
        assert said[1] in text
    assert "EMBEDDED (a throw-away server of this project)" in text
    assert "the index <b>is</b> missing" in text
    assert "&lt;b&gt;is&lt;/b&gt;" in html
    assert "<b>is</b>" not in html
    assert html.count("✓ passed") == text.count("✓ passed") == 5


def test_looking_at_the_panel_and_the_card_changes_nothing(project: Project):
    project.add("one", ONE, tables=("public.one",))
    project.connect().close()
    before = project.everything()
    phase = project.open()
    assert "one.precheck()" in repr(phase.panel())
    assert "one.precheck()" in phase.handover()
    assert "Not asked for" in repr(phase.confirm())
    assert project.everything() == before


def test_without_anybody_there_the_panel_is_text_and_html_and_no_widget(project: Project):
    project.add("one", ONE, tables=("public.one",))
    first, again = (project.open().panel()._repr_mimebundle_() for _ in range(2))
    assert sorted(first) == ["text/html", "text/plain"]
    assert first == again  # nothing in it is timed


def test_a_long_statement_is_followed_from_a_second_session(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    """Statement, time, twin's time, blocker, and whether stopping is safe; then silence."""
    one = project.add("one", "alter table public.kept add column more int;", tables=())
    project.sql("create table public.kept (id int primary key)")
    said: list[str] = []
    monkeypatch.setattr(show, "interactive", lambda: True)
    monkeypatch.setattr(show, "tell", said.append)
    monkeypatch.setattr(show, "settled", lambda: None)
    step = project.step(one, lock_timeout_ms=5_000)
    step.precheck()
    with project.connect() as colleague, colleague.transaction():
        colleague.execute("select from public.kept")
        run = Background(step.apply)
        until(lambda: said and "waiting for a lock held by pid" in said[-1])
    run.result()
    assert "one, apply: " in said[-1]
    assert "statement 1 of 1, " in said[-1]
    assert "(twin: " in said[-1]
    assert "alter table public.kept add column more int" in said[-1]
    assert "a colleague" in said[-1]
    assert (
        "Interrupting now is safe: the server cancels the statement and rolls one back" in said[-1]
    )


def test_who_waits_behind_the_migration_is_counted_while_it_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    slow = "alter table public.kept add column more int;\nselect pg_sleep(1.5) from public.kept;\n"
    one = project.add("one", slow)
    said: list[str] = []
    monkeypatch.setattr(show, "interactive", lambda: True)
    monkeypatch.setattr(show, "tell", said.append)
    monkeypatch.setattr(show, "settled", lambda: None)
    monkeypatch.setattr("runbook.panel.live._FIRST_S", 0.01)
    monkeypatch.setattr("runbook.panel.live._PAUSE_S", 0.05)
    step = project.step(one)
    step.precheck()
    run = Background(step.apply)
    until(lambda: said and "statement 2 of 2" in said[-1])
    user = Background(lambda: project.sql("select from public.kept"))
    until(lambda: "1 session waits behind this migration, the first for " in said[-1])
    run.result()
    user.result()


def test_elapsed_is_the_phases_own_time_from_the_ledger_in_any_kernel(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    first = _view(project)
    assert words.elapsed(first, datetime.now(UTC)) == "This phase is not begun."
    project.close(one)
    project.step(one).note("seen")  # no stage: it does not prolong the phase
    (began, *_, ended) = [e.at for e in project.events() if e.stage in MAP]
    view = _view(project)
    assert abs((view.begun - began).total_seconds()) < 1
    assert abs((view.ended - view.begun) - (ended - began)) < timedelta(milliseconds=1)
    assert f"and closed {humane((ended - began).total_seconds())} later." in words.elapsed(
        view, datetime.now(UTC)
    )
    under_way = replace(view, ended=None)
    at = view.begun + timedelta(minutes=12)
    assert words.elapsed(under_way, at).endswith("12 min 0 s ago.")


def test_an_index_build_is_seen_with_its_share(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.sql(
        "create table public.many as select n, md5(n::text) as word"
        " from generate_series(1, 400000) n"
    )
    build = "create index concurrently many_word on public.many (word, md5(word || 'x'));"
    one = project.add("one", build)
    said: list[str] = []
    monkeypatch.setattr(show, "interactive", lambda: True)
    monkeypatch.setattr(show, "tell", said.append)
    monkeypatch.setattr(show, "settled", lambda: None)
    monkeypatch.setattr("runbook.panel.live._FIRST_S", 0.01)
    monkeypatch.setattr("runbook.panel.live._PAUSE_S", 0.01)
    step = project.step(one)
    step.precheck()
    step.apply()
    told = "\n".join(said)
    assert "on many: " in told
    assert "part 1 of 1" in told
    assert "0 of 1 parts of one committed" in told
    assert "half-built index may stay behind as INVALID" in told


def test_what_an_interrupt_would_leave_is_said_for_each_kind_of_stage(project: Project):
    one = project.add("one", ONE, tables=("public.one",))
    for stage in ("precheck", "verify", "test"):
        assert "safe" in if_interrupted(started(project.migration(one), stage))
    now = started(project.migration(one), "apply", foreseen=(0.5, 1.5))
    assert "nothing of it would remain" in if_interrupted(now)
    assert in_words(now, now.began + 75)[0].startswith(
        "one, apply: 1 min 15 s (its statements took 2.0 s"
    )


def test_a_protected_target_asks_for_its_name_where_somebody_sits(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    one = project.add("one", ONE, tables=("public.one",))
    project.connect().close()
    monkeypatch.setenv("SOMEWHERE", project.server.conninfo(project.database))
    check = project.open(target="env:SOMEWHERE")
    token = str(check.token()).split(": ")[1].split()[0]
    phase = project.open(target="env:SOMEWHERE", mode="apply", approve=token)
    phase.confirm()  # nobody sits here: the token is enough
    monkeypatch.setattr(show, "interactive", lambda: True)
    monkeypatch.setattr(show, "settled", lambda: None)
    monkeypatch.setattr(Watcher, "_follow", lambda self: None)
    shown: list[object] = []
    monkeypatch.setattr(show, "display", shown.append)
    step = phase[one]
    step.precheck()
    with pytest.raises(NotApproved, match="is PRODUCTION, and asks for its name") as caught:
        step.apply()
    assert "run this cell again" in caught.value.remedy
    assert "Type its name to confirm" in repr(shown[-1])
    assert project.history() == []
    phase._confirmation._box.value = "another"
    with pytest.raises(NotApproved, match="another name than the database's was typed"):
        step.apply()
    phase._confirmation._box.value = project.database
    step.apply()
    assert project.history() == [one]
    again = project.open(target="env:SOMEWHERE", mode="apply", approve=token)[one]
    assert "Nothing was run now" in again.apply().note  # recorded: nothing to confirm


def test_the_card_says_what_is_done_next_in_doubt_and_who_holds_locks(
    project: Project, capsys: pytest.CaptureFixture
):
    one = project.add("one", ONE, tables=("public.one",))
    two = project.add("two", TWO, tables=("public.two",))
    project.close(one)
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    project.file(two).write_text(TWO + "insert into public.kept values (1);")
    project.step(two).precheck()
    with pytest.raises(NotApplied):
        project.step(two).apply()
    with project.connect() as colleague, colleague.transaction():
        colleague.execute("lock table public.kept in exclusive mode")
        assert project.run("handover") == 0
        said = capsys.readouterr().out
        assert project.run("handover", "--json") == 0
        document = json.loads(capsys.readouterr().out)
    assert "two: apply failed, and nothing of it is applied" in said
    assert "01_one: two.precheck()" in said
    assert "a colleague" in said
    assert "ExclusiveLock on kept" in said
    assert f"runbook rollback one --target {project.name}" in said
    assert f"runbook run --target {project.name}" in said
    assert "closed" in document["done"][0]
    assert document["next"] == "01_one: two.precheck()"
    project.sql("delete from supabase_migrations.schema_migrations")
    assert "one: the ledger says applied" in str(project.open().handover())
