"""A real JupyterLab and a real Chromium, for the tests that sit where the operator sits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from at_the_seat import Lab, Seat
from laboratory import browsing, find_chromium, running_lab
from runbook import embedded


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Without one the tests are skipped; in CI that is a failure."""
    found = find_chromium()
    if found:
        return found
    reason = "no Chromium here (apt-get install chromium, or name one in CHROMIUM)"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason}: in CI the browser tests must run")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(
    chromium: str, server: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """`runbook lab` on a copy of the project, beside the test run's embedded server."""
    with running_lab(server, tmp_path_factory.mktemp("project")) as lab:
        yield lab


@pytest.fixture(scope="session")
def browser(chromium: str):
    with browsing(chromium) as browser:
        yield browser


@pytest.fixture
def seat(browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Seat]:
    """An operator in front of a fresh page; whatever the browser's console calls an error fails."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    sitting = Seat(page, lab)
    yield sitting
    if os.environ.get("RUNBOOK_TEST_PICTURES"):  # a folder: what the operator saw last
        page.screenshot(path=Path(os.environ["RUNBOOK_TEST_PICTURES"], f"{request.node.name}.png"))
    page.close()
    lab.forget_kernels()
    assert sitting.complaints == []
