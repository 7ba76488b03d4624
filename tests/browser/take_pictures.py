"""The README's pictures, taken from real sessions: `make pictures`.

Phase 1 of EventOS on a fresh embedded server, in the real JupyterLab: a refusal, a lock in the
way, a migration through its stages, the phase's own pictures; then the panel in the dark and on a
phone. From the tutorial, what users feel while a migration is applied.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg
from at_the_seat import Lab, Seat
from laboratory import PROJECT, browsing, find_chromium, running_lab
from runbook import embedded

IMAGES = PROJECT / "docs" / "images"
STAGES = ("apply", "verify", "test", "checkpoint")


def main() -> int:
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium here: apt-get install chromium, or name one in CHROMIUM.")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="runbook-pictures-") as folder,
        embedded.start(Path(folder) / "home") as server,
    ):
        root = Path(folder) / "project"
        root.mkdir()
        with running_lab(server, root) as lab, browsing(chromium) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.set_default_timeout(60_000)
            take(Seat(page, lab), lab)
    return 0


def take(seat: Seat, lab: Lab) -> None:
    """One session, from the first cell to the last; the tutorial's load before it."""
    page = seat.page
    seat.open(lab.notebook("10_tutorial.ipynb"))
    seat.menu("Run", "Run All Cells")
    seat.ended("phase.handover()", seconds=180)
    _keep(seat.output("lesson.rehearse()").locator("img"), "load")
    seat.open(lab.notebook("01_event_wizard.ipynb"))
    page.keyboard.press("Control+B")  # the side bar is not what the pictures are about
    panel = seat.output("phase.panel()")
    for cell in ("lock_timeout_ms = 2000", "phase = open_phase", "phase.panel()"):
        seat.run(cell)
    seat.run('ticket_tiers = phase["ticket_tiers"]')
    _keep(seat.cell('ticket_tiers = phase["ticket_tiers"]'), "refused")

    _migrate(seat, "wizard_sessions")
    seat.run('ticket_tiers = phase["ticket_tiers"]')
    with (
        psycopg.connect(
            lab.server.conninfo("postgres"), application_name="report of a colleague"
        ) as colleague,
        colleague.transaction(),
    ):
        colleague.execute("lock table public.events in share row exclusive mode")
        seat.start("ticket_tiers.apply()")
        panel.get_by_text("waiting for a lock held by").wait_for()
        _keep(panel, "panel")
    for stage in STAGES:
        seat.ended(f"ticket_tiers.{stage}()") if stage == "apply" else seat.run(
            f"ticket_tiers.{stage}()"
        )
    cell = seat.cell("ticket_tiers.apply()")
    cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "phase.png")
    print("docs/images/phase.png")

    for name in ("marketing_infrastructure", "venue_bookings", "event_dashboards"):
        _migrate(seat, name)
    for cell in ("criteria", "schema", "access", "timeline", "token", "log", "handover"):
        seat.run(f"phase.{cell}()")
    for name in ("schema", "timeline"):
        _keep(seat.output(f"phase.{name}()").locator("img"), name)
    page.set_viewport_size({"width": 1280, "height": 1800})  # the whole table at once
    _keep(seat.output("phase.access()").locator("table"), "access")
    page.set_viewport_size({"width": 1280, "height": 860})
    seat.press("Save and create checkpoint (Ctrl+S)")
    lab.theme("JupyterLab Dark")
    page.reload()
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    page.get_by_role("group", name="Runbook panel: EventOS · Event Wizard").wait_for()
    _keep(panel, "panel-dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(500)
    _keep(panel, "panel-phone")


def _migrate(seat: Seat, name: str) -> None:
    seat.run(f'{name} = phase["{name}"]')
    for stage in STAGES:
        if stage == "checkpoint" and seat.cell(f"{name}.acknowledge()").count():
            seat.run(f"{name}.acknowledge()")
        seat.run(f"{name}.{stage}()")


def _keep(what, name: str) -> None:
    what.scroll_into_view_if_needed()
    what.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    raise SystemExit(main())
