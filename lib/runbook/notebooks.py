"""The notebooks, written from the plan: one template for EventOS and for any other project.

templates/notebooks/*.md hold the prose and the cells, as a person would write them: Markdown with
fenced Python blocks, `id=` naming a cell and `tag=` tagging it. Cells hold no logic; each is one
question or one step, and the prose above says what OK looks like and what to do when it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .notebook_names import BASELINE, FLEET, ROLLBACK, TUTORIAL, VALIDATION
from .plan import Plan
from .resources import folder

_LEGEND = (
    "✓ PASS looked at and as expected · ▲ WARN worth reading · ✕ FAIL stops the notebook ·\n"
    "○ SKIP not looked at, with the reason; never counted as a pass."
)
_FENCE = "```"


def project_notebooks(plan: Plan) -> dict[str, nbformat.NotebookNode]:
    """Every notebook of a project by file name, in the order they are run, without outputs."""
    names = [BASELINE, *(phase.notebook for phase in plan.phases), VALIDATION]
    made = {BASELINE: _notebook("baseline", plan=plan, following=names[1])}
    offset = 0
    for place, phase in enumerate(plan.phases, start=1):
        made[phase.notebook] = _notebook(
            "phase", plan=plan, phase=phase, offset=offset, following=names[place + 1]
        )
        offset += len(phase.migrations)
    made[VALIDATION] = _notebook("validation", plan=plan)
    made[FLEET] = _notebook("fleet", plan=plan)
    made[ROLLBACK] = _notebook("rollback", plan=plan)
    made[TUTORIAL] = _notebook("tutorial")
    return made


def write_notebooks(plan: Plan, folder: Path) -> list[Path]:
    """Write every notebook without outputs; the paths, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, notebook in project_notebooks(plan).items():
        nbformat.write(notebook, folder / name)
        paths.append(folder / name)
    return paths


def _notebook(template: str, **values: Any) -> nbformat.NotebookNode:
    text = _environment().get_template(f"{template}.md").render(legend=_LEGEND, **values)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(
        cells=_cells(text.splitlines()),
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )


def _cells(lines: Sequence[str]) -> list[nbformat.NotebookNode]:
    """Prose up to a fence is a Markdown cell; the fenced block is a code cell."""
    cells: list[nbformat.NotebookNode] = []
    held: list[str] = []
    options: list[str] | None = None
    for line in lines:
        if options is None and line.startswith(f"{_FENCE}python"):
            options = line.removeprefix(f"{_FENCE}python").split()
            name = next(o.removeprefix("id=") for o in options if o.startswith("id="))
            if "".join(held).strip():
                cells.append(new_markdown_cell("\n".join(held).strip(), id=f"{name}-prose"))
            held = []
        elif options is not None and line == _FENCE:
            cell = new_code_cell("\n".join(held), id=name)
            tags = [option.removeprefix("tag=") for option in options if option.startswith("tag=")]
            if tags:
                cell.metadata["tags"] = tags
            cells.append(cell)
            held, options = [], None
        else:
            held.append(line)
    if "".join(held).strip():
        cells.append(new_markdown_cell("\n".join(held).strip(), id="end-prose"))
    return cells


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "notebooks"),
        undefined=StrictUndefined,
        trim_blocks=True,
        autoescape=False,  # Markdown and Python, not HTML
        keep_trailing_newline=True,
    )
    environment.filters["stem"] = lambda name: Path(name).stem
    environment.filters["code_list"] = lambda names: (
        ", ".join(f"`{name}`" for name in names) or "no table"
    )
    return environment
