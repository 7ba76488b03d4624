"""The fleet in JupyterLab: the table follows the cells while targets run."""

from __future__ import annotations

import pytest
from at_the_seat import Lab, Seat


@pytest.mark.slow
def test_the_fleets_table_follows_the_cells_while_they_run(seat: Seat, lab: Lab):
    seat.open(lab.notebook("08_fleet.ipynb"))
    for source in ('target = "embedded"', "open_fleet(target=target"):
        seat.run(source)
    table = seat.run("fleet.survey()", seconds=120)
    bar = table.locator(".progress-bar")
    assert table.get_by_text("waiting").count() == 3
    seat.start("fleet.run(1)")
    table.get_by_text("running").first.wait_for(timeout=120_000)
    table.get_by_text("01_shelves").first.wait_for()
    seat.ended("fleet.run(1)", seconds=120)
    table.get_by_text("1 of 4 targets are through").first.wait_for()
    assert table.get_by_text("passed").count() == 1
    assert "25%" in str(bar.first.get_attribute("style"))
    seat.run("fleet.run()", seconds=180)
    table.get_by_text("3 of 4 targets are through").first.wait_for()
    seat.run("fleet.causes()")
    seat.says("fleet.causes()", "its catalog is not like the others'")
    seat.run("fleet.close()", seconds=60)
    seat.says("fleet.close()", "3 passed, 1 drifted")
