"""Start what the browser tests and the pictures need: `runbook lab` on a copy, and a Chromium."""

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
from contextlib import contextmanager
from pathlib import Path

from at_the_seat import Lab
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


def find_chromium() -> str | None:
    """The browser's path: named in CHROMIUM, or on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browsing(chromium: str) -> Iterator:
    """A headless Chromium that asks nothing of the network."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield launched
        launched.close()


@contextmanager
def running_lab(server: embedded.Server, root: Path) -> Iterator[Lab]:
    """`runbook lab` on a copy of the project in `root`, beside this embedded server."""
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
        "PGSERVICEFILE": str(root / "pg_service.conf"),
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
        process.wait(timeout=60)


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
