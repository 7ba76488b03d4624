"""Both phases of EventOS in JupyterLab, on the embedded default."""

from __future__ import annotations

from at_the_seat import Lab, Seat


def test_the_first_phase_is_stepped_through_and_the_second_runs_in_one_go(seat: Seat, lab: Lab):
    seat.open(lab.notebook("01_event_wizard.ipynb"))
    assert seat.step_through() > 30
    seat.says("phase.criteria()", "Success criteria · Event Wizard")
    assert len(lab.applied()) == 1 + 5

    seat.open(lab.notebook("02_ai_features.ipynb"))
    seat.menu("Run", "Run All Cells")
    seat.ended("phase.log()", seconds=120)
    seat.says("phase.criteria()", "Success criteria · AI Features")
    assert len(lab.applied()) == 1 + 12
