"""A living panel has a clock that moves; whatever only looks like one says that it is a picture."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import ipywidgets
import pytest
from runbook.panel import clock, live, markup, words
from runbook.panel.clock import Clock
from runbook.panel.view import look
from sandbox import Project, until

pytest_plugins = ("engine_fixtures",)

ONE = "create table public.one (id int primary key);\nalter table public.one enable row level security;\n"  # noqa: E501


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    """A second is too long for a test."""
    monkeypatch.setattr(clock, "_TICK_S", 0.02)


def test_what_a_page_keeps_says_that_it_is_a_picture_and_what_lives_does_not(project: Project):
    project.add("one", ONE, tables=("public.one",))
    phase = project.open()
    panel = phase.panel()
    kept = panel._repr_mimebundle_()
    assert words.PICTURE in kept["text/plain"]
    assert words.PICTURE in kept["text/html"]
    assert words.PICTURE not in markup.html(look(phase, phase.conn), "")


def test_the_clock_moves_until_another_panel_takes_over_and_says_what_standing_still_means():
    widget = ipywidgets.HTML()
    moving = Clock(widget)
    moving.wind(datetime(2026, 11, 22, 2, 14, 7, tzinfo=UTC))
    until(lambda: widget.value)
    assert "Live while this clock moves" in widget.value
    assert "If it stands still, this is a picture of that moment" in widget.value
    assert "looked at 02:14:07 UTC" in widget.value
    first = widget.value
    until(lambda: widget.value != first)
    moving.stop()
    until(lambda: not moving._thread.is_alive())
    moving.wind()
    assert not moving._thread.is_alive()  # for good


def test_where_no_cell_is_run_for_long_the_clock_rests_and_the_next_cell_winds_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(clock, "_PATIENCE_S", 0.1)
    widget = ipywidgets.HTML()
    resting = Clock(widget)
    resting.wind()
    until(lambda: widget.value and not resting._thread.is_alive())
    first = widget.value
    monkeypatch.setattr(clock, "_PATIENCE_S", 60)
    resting.wind()
    until(lambda: widget.value != first)
    resting.stop()


def test_a_panel_that_came_alive_shows_the_clock_above_everything(project: Project, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    project.add("one", ONE, tables=("public.one",))
    phase = project.open()
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    older, newer = (live.Panel(phase, look(phase, phase.conn)) for _ in range(2))
    older.come_alive()
    newer.come_alive()
    above, standing, running = newer._widget.children
    until(lambda: "Live while this clock moves" in above.value)
    assert words.PICTURE not in standing.value
    assert re.search(r"Drawn at \d\d:\d\d:\d\d UTC", running.value)
    assert shell.runbook_panels == [newer]
    until(lambda: not older._clock._thread.is_alive())
    newer.stand_still()
