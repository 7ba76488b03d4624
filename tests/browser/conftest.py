"""A real JupyterLab and a real Chromium, for the tests that sit where the operator sits."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from at_the_seat import Lab, Seat
from runbook import embedded

PROJECT = Path(__file__).parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Without one the tests are skipped; in CI that is a failure."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
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
    root = tmp_path_factory.mktemp("project")
    for name in ("migrations", "notebooks"):
        shutil.copytree(PROJECT / name, root / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("RUNBOOK_")
    }
    environment |= {
        "RUNBOOK_HOME": str(server.home),
        "RUNBOOK_OPERATOR": "ada",
        # Settings and runtime files of its own: an operator's JupyterLab is not the tests' affair.
        "JUPYTER_CONFIG_DIR": str(root / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(root / "jupyter" / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "jupyter" / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "jupyter" / "workspaces"),
        "IPYTHONDIR": str(root / "ipython"),
    }
    token = uuid.uuid4().hex
    command = [sys.executable, "-m", "runbook", "lab", "--project", str(root), "--",
               "--no-browser", f"--port={port}", f"--IdentityProvider.token={token}"]  # fmt: skip
    log = root / "lab.log"
    with log.open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        _until_it_answers(f"http://127.0.0.1:{port}/api", process, log)
        yield Lab(f"http://127.0.0.1:{port}", token, root, server)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def browser(chromium: str):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield launched
        launched.close()


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


def _until_it_answers(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()[-2_000:]
            assert time.monotonic() < end, log.read_text()[-2_000:]
            time.sleep(0.1)
