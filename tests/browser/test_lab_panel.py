"""The panel and the typed name, in JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from at_the_seat import Lab, Seat
from axe_playwright_python.sync_playwright import Axe
from sandbox import Project, until

pytest_plugins = ("engine_fixtures",)

TABLE = (
    "create table public.one (id int primary key);\n"
    "alter table public.one enable row level security;\n"
)
ASLEEP = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


def serious(seat: Seat, *selectors: str) -> list[str]:
    """What axe-core calls serious or worse in our own output; JupyterLab's frame is not ours."""
    found = Axe().run(seat.page, context={"include": [[each] for each in selectors]}).response
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def _sorted_by_key(seat: Seat, cell: str) -> None:
    """The table of this cell, by its second column from the keyboard, and back again."""
    table = seat.output(cell).get_by_role("table").first
    header = table.get_by_role("columnheader").nth(1)
    second = "table => [...table.tBodies[0].rows].map(row => row.cells[1].innerText)"
    made = table.evaluate(second)
    header.get_by_role("button").focus()
    for order in ("ascending", "descending", None):
        seat.page.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == order
        if order == "ascending":
            assert table.evaluate(second) != made
    assert table.evaluate(second) == made


def test_the_panel_lives_while_a_statement_runs_and_outlives_page_and_kernel(
    seat: Seat, lab: Lab, project: Project
):
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    slow = TABLE + "select pg_sleep(60) from public.kept;\n"
    one = project.add("one", slow, tables=("public.one",))
    seat.open(lab.phase_of(project))
    for cell in ("lock_timeout_ms = 2000", "phase = open_phase", "phase.panel()", 'phase["one"]'):
        seat.run(cell)
    panel = seat.page.get_by_role("group", name="Runbook panel: Test · Phase one")
    panel.get_by_text("EMBEDDED", exact=True).wait_for()
    panel.get_by_text("one.apply()").wait_for()
    assert serious(seat, ".runbook-panel", "table.runbook") == []
    _sorted_by_key(seat, 'phase["one"]')

    seat.start("one.apply()")
    now = seat.page.get_by_role("group", name="What runs now")
    now.get_by_text("statement 3 of 3").wait_for()
    now.get_by_text("Interrupting now is safe").wait_for()
    now.get_by_text("This phase was begun at").wait_for()
    first = now.inner_text()
    until(lambda: now.inner_text() != first)  # the clock goes on: nothing is frozen
    seat.says(
        "one.apply()", "select pg_sleep(60) from public.kept"
    )  # and so it says below the cell
    seat.press("Interrupt the kernel")
    seat.says("one.apply()", "the transaction rolled back: nothing remains.")
    assert project.value(ASLEEP) == 0
    now.get_by_text("nothing runs").wait_for()
    panel.get_by_text("▲ interrupted").wait_for()
    panel.get_by_text("it was interrupted: run its cell again").wait_for()

    seat.press("Save and create checkpoint (Ctrl+S)")
    seat.page.reload()  # the tab was closed, and is opened again
    panel.get_by_text("▲ interrupted").wait_for()

    _sorted_by_key(seat, 'phase["one"]')  # in an old output, too
    project.file(one).write_text(TABLE)
    seat.restart_and_run_all()  # a new kernel: the truth comes from the ledger
    seat.ended("phase.log()")
    panel.get_by_text("every migration of this phase is closed").wait_for()
    assert project.history() == [one]

    seat.press("Save and create checkpoint (Ctrl+S)")
    lab.theme("JupyterLab Dark")
    seat.page.reload()
    seat.page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    panel.get_by_text("EMBEDDED", exact=True).wait_for()
    assert serious(seat, ".runbook-panel", "table.runbook", "figure") == []
    seat.page.set_viewport_size({"width": 390, "height": 800})
    assert serious(seat, ".runbook-panel", "table.runbook", "figure") == []
    lab.theme("JupyterLab Light")


def test_run_all_stops_before_a_protected_database_is_changed_until_its_name_is_typed(
    seat: Seat, lab: Lab, project: Project, monkeypatch: pytest.MonkeyPatch
):
    one = project.add("one", TABLE, tables=("public.one",))
    project.connect().close()
    conninfo = project.server.conninfo(project.database).split()
    Path(lab.services).write_text("[night]\n" + "\n".join(conninfo) + "\n")
    monkeypatch.setenv("PGSERVICEFILE", str(lab.services))
    said = str(project.open(target="service=night").token())
    token = re.search(r"Plan token \(approve\): (\w+)", said)[1]
    path = lab.phase_of(project, target="service=night", mode="apply", approve=token)
    seat.open(path)
    seat.menu("Run", "Run All Cells")
    seat.says("one.apply()", "service=night is PRODUCTION, and asks for its name.")
    seat.says("phase.panel()", "PRODUCTION")
    assert project.history() == []
    assert seat.prompt("one.verify()") == "[ ]:"

    box = seat.output("one.apply()").get_by_label("Name of the database:")
    box.fill("postgres")
    seat.run("one.apply()")
    seat.says("one.apply()", "another name than the database's was typed")
    assert project.history() == []
    assert serious(seat, ".runbook-panel", ".widget-text") == []
    seat.output("one.apply()").get_by_label("Name of the database:").fill(project.database)
    seat.run("one.apply()")
    seat.says("one.apply()", "apply · one")
    assert project.history() == [one]
    seat.restart_and_run_all()  # in a new kernel nothing is pending: no name is asked for
    seat.ended("phase.log()")
    seat.says("phase.confirm()", "no cell of this notebook changes anything now")
    before = project.everything()
    seat.restart_and_run_all()
    seat.ended("phase.log()")
    seat.says("one.apply()", "Nothing was run now.")
    assert project.everything() == before
