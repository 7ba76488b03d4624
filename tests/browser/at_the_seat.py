"""What an operator does in JupyterLab, by what they read on the screen."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
from runbook import embedded, history
from runbook.notebooks import project_notebooks
from sandbox import Project


class Lab:
    """A running JupyterLab, the project it is open on, and the server behind its notebooks."""

    def __init__(self, address: str, token: str, root: Path, server: embedded.Server) -> None:
        self.address, self.token, self.root, self.server = address, token, root, server

    @property
    def services(self) -> Path:
        """The pg_service.conf that its kernels see."""
        return self.root / "pg_service.conf"

    def phase_of(self, project: Project, **parameters: str) -> str:
        """The notebook of a small project's only phase, as `runbook notebooks` writes it."""
        (notebook,) = (n for name, n in project_notebooks(project.plan).items() if "_one" in name)
        for cell in notebook.cells:
            opening = 'open_phase("one", '
            cell.source = cell.source.replace(opening, f'{opening}project="{project.root}", ')
        given = {"target": project.name, **parameters}
        return self._copy(notebook, f"{project.database}.ipynb", given)

    def notebook(self, name: str, **parameters: str) -> str:
        """A fresh working copy with these parameters; its path below the project."""
        content = json.loads((self.root / "notebooks" / name).read_text())
        suffix = "-".join(re.sub(r"\W+", "-", value) for value in parameters.values())
        return self._copy(content, f"{suffix}-{name}" if suffix else name, parameters)

    def _copy(self, content: dict[str, Any], name: str, parameters: dict[str, str]) -> str:
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
            if "parameters" in cell["metadata"].get("tags", []):
                source = "".join(cell["source"])
                for key, value in parameters.items():
                    source = re.sub(rf'^{key} = "[^"]*"', f'{key} = "{value}"', source, flags=re.M)
                cell["source"] = source
        path = self.root / "runs" / "work" / name
        path.write_text(json.dumps(content))
        return str(path.relative_to(self.root))

    def forget_kernels(self) -> None:
        """End what the page left running, as closing JupyterLab would."""
        for session in json.loads(self._api("api/sessions")):
            self._api(f"api/sessions/{session['id']}", method="DELETE")

    def theme(self, name: str) -> None:
        """Choose a theme, as the settings do; a page that is loaded from now on wears it."""
        raw = {"raw": json.dumps({"theme": name})}
        settings = "lab/api/settings/@jupyterlab/apputils-extension:themes"
        self._api(settings, "PUT", json.dumps(raw).encode())

    def _api(self, path: str, method: str = "GET", body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.address}/{path}", method=method, data=body)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def applied(self, database: str = "postgres") -> list[str]:
        """The names of the applied migrations."""
        with psycopg.connect(self.server.conninfo(database), autocommit=True) as conn:
            return [row.name for row in history.read(conn)]


class Seat:
    """One page of JupyterLab with somebody in front of it."""

    def __init__(self, page, lab: Lab) -> None:
        self.page, self.lab = page, lab
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message) -> None:
        # JupyterLab's own, when a page is left while its debugger asks the kernel something.
        if message.type == "error" and "restore the debugger state" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        """Open a notebook and wait until its kernel is idle."""
        self.page.goto(f"{self.lab.address}/lab/tree/{path}?reset&token={self.lab.token}")
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.idle()

    def idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def cell(self, source: str):
        """The code cell whose source holds this text."""
        code = self.page.locator(".cm-content").filter(has_text=source)
        return self.page.locator(".jp-CodeCell").filter(has=code).first

    def prompt(self, source: str) -> str:
        """What stands in front of the cell: [ ]:, [*]: or [7]:"""
        return self.cell(source).locator(".jp-InputPrompt").inner_text()

    def start(self, source: str) -> None:
        """Shift+Enter in this cell."""
        cell = self.cell(source)
        cell.scroll_into_view_if_needed()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run(self, source: str, *, seconds: float = 60):
        """Run this cell, wait until it has ended, and return its output."""
        self.start(source)
        self.ended(source, seconds=seconds)
        return self.output(source)

    def ended(self, source: str, *, seconds: float = 60) -> None:
        """Wait until this cell has a number."""
        numbered = self.cell(source).locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]:"))
        numbered.wait_for(state="attached", timeout=seconds * 1_000)
        self.idle()

    def step_through(self) -> int:
        """Shift+Enter from the first cell to the last, each after the one before has ended."""
        page = self.page
        cells = page.locator(".jp-Notebook-cell")
        cells.first.click(position={"x": 5, "y": 5})
        number = 0
        for place in range(cells.count()):
            here = cells.nth(place)
            here.and_(page.locator(".jp-mod-selected")).wait_for(state="attached")
            code = here.and_(page.locator(".jp-CodeCell")).count()
            page.keyboard.press("Shift+Enter")
            if code:
                number += 1
                done = here.locator(".jp-InputPrompt", has_text=f"[{number}]:")
                done.wait_for(state="attached")
        return number

    def output(self, source: str):
        """What stands below this cell."""
        return self.cell(source).locator(".jp-Cell-outputWrapper")

    def says(self, source: str, text: str, *, seconds: float = 60) -> None:
        """Wait until this text stands below the cell."""
        found = self.output(source).get_by_text(text).first
        found.scroll_into_view_if_needed(timeout=seconds * 1_000)
        found.wait_for(timeout=seconds * 1_000)

    def menu(self, *path: str) -> None:
        """Choose from the menu bar."""
        for name in path:
            self.page.get_by_role("menuitem", name=name, exact=True).click()

    def restart_and_run_all(self) -> None:
        """Kernel > Restart Kernel and Run All Cells…, confirmed."""
        self.page.get_by_role("button", name="Restart the kernel and run all cells").click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.locator(".jp-InputPrompt", has_text="[*]:").first.wait_for(state="attached")

    def press(self, button: str) -> None:
        """A button of the notebook's toolbar."""
        self.page.get_by_role("button", name=button, exact=True).click()
