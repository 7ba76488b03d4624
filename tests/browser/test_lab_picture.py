"""What no longer lives says so: a panel without its kernel, a notebook that nobody trusts yet."""

from __future__ import annotations

import json

from at_the_seat import Lab, Seat
from runbook.panel.words import PICTURE
from sandbox import Project, until

pytest_plugins = ("engine_fixtures",)

TABLE = (
    "create table public.one (id int primary key);\n"
    "alter table public.one enable row level security;\n"
)


def test_the_clock_stands_still_without_its_kernel_and_an_untrusted_copy_is_a_picture(
    seat: Seat, lab: Lab, project: Project
):
    project.add("one", TABLE, tables=("public.one",))
    path = lab.phase_of(project)
    seat.open(path)
    for cell in ("lock_timeout_ms = 2000", "phase = open_phase", "phase.panel()", 'phase["one"]'):
        seat.run(cell)
    clock = seat.page.get_by_role("timer")
    clock.get_by_text("Live while this clock moves").wait_for()
    first = clock.inner_text()
    until(lambda: clock.inner_text() != first)
    seat.press("Save and create checkpoint (Ctrl+S)")
    lab.forget_kernels()  # as a kernel that died: nothing of the page is told
    seat.page.wait_for_timeout(2_500)
    still = clock.inner_text()
    seat.page.wait_for_timeout(2_500)
    assert clock.inner_text() == still
    assert "If it stands still, this is a picture of that moment: run this cell again" in still

    # The same file from a colleague: no signature of this machine is on it.
    copy = lab.root / path.replace(".ipynb", "-copy.ipynb")
    notebook = json.loads((lab.root / path).read_text())
    notebook["cells"][0]["source"] = ["# A copy\n"]  # another text, so another signature
    copy.write_text(json.dumps(notebook))
    seat.open(str(copy.relative_to(lab.root)))
    seat.says("phase.panel()", PICTURE)
    seat.says("phase.panel()", "one.precheck()")
    badge = seat.output("phase.panel()").get_by_text("EMBEDDED", exact=True)
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    assert badge.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(28, 93, 153)"]
    assert clock.count() == 0
    table = seat.output('phase["one"]').get_by_role("table").first
    table.get_by_text("✓ PASS").first.wait_for()
    within = "t => t.getBoundingClientRect().right <= t.parentElement.getBoundingClientRect().right"
    assert table.evaluate(within)  # the verdicts, on the right, are to be seen
    assert table.get_by_role("button").count() == 0  # no script: the order of their making
    seen = seat.page.locator(".jp-Notebook").inner_text()
    for code in ("runbookSortable", "border-collapse", "<script", "<style", "@media"):
        assert code not in seen
    assert "Error displaying widget" not in seen
