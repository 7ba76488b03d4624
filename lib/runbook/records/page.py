"""record.html: a record to read and to attach. One file, no code cells, no network.

One script of ours, which sorts tables, and nothing else: the page's policy knows it by its digest.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from typing import Any

import mistune
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ..audit import cover
from ..redact import redact
from ..resources import folder, script, style
from .sanitize import Sanitizer

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_WIDGET = "application/vnd.jupyter.widget-view+json"
VERDICTS = {
    "passed": ("✓", "Passed", "Every cell ran to its end, and nothing in it failed."),
    "failed": ("✗", "Failed", "The run stopped at a failure; cells after it never ran."),
    "interrupted": ("✗", "Interrupted", "The run was stopped from outside before its end."),
    "refused": ("✗", "Refused", "A guard refused to go on; cells after it never ran."),
}
_STATUS = {
    "completed": ("✓", "done"),
    "failed": ("✗", "failed"),
    "pending": ("–", "never run"),
    "running": ("…", "running"),
    "skipped": ("○", "skipped"),
}


def render(
    document: Mapping[str, Any],
    nb: Any,
    *,
    files: Mapping[str, str] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The page for a record.

    Args:
        document: the manifest's predicate, as far as it is known before the page is.
        nb: the executed notebook, or None when the run never got that far.
        files: the record's other files with their SHA-256.
        events: of the run, as its journal has them.

    Returns:
        str: HTML. Everything in it is escaped or sanitized, and went through the redactor.
    """
    parts = [] if nb is None else list(_parts(nb))
    sorting, digest = script("sort.js", then='runbookSortable("table");\n')
    page = _template().render(
        record=document,
        files=files or {},
        name=document.get("record", document["id"]),
        title=_title(nb) or document["phase"],
        verdict=VERDICTS[document["outcome"]],
        status=_STATUS,
        parts=parts,
        never=[cell for cell in document["cells"] if cell["status"] == "pending"],
        style=Markup(style("record.css", "sort.css")),
        script=Markup(sorting),
        script_digest=digest,
        **cover.view(document, events),
    )
    return redact(page)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(moment=moment, duration=duration, words=_words)
    return environment.from_string((folder("templates") / "record.html").read_text("utf-8"))


def _title(nb: Any) -> str:
    """The notebook's own first heading, without markup."""
    for cell in () if nb is None else nb.cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if line.startswith("# "):
                return re.sub(r"[*`_]", "", line[2:]).strip()
    return ""


def _parts(nb: Any) -> Iterator[Markup]:
    """Prose and outputs in order, up to the last cell that was started."""
    clean = Sanitizer(top=3).clean
    prose = mistune.create_markdown(
        escape=False, plugins=["table", "strikethrough", "task_lists", "footnotes"]
    )
    started = [i for i, cell in enumerate(nb.cells) if _started(cell)]
    code = 0
    for cell in nb.cells[: max(started, default=-1) + 1]:
        if cell.cell_type == "markdown":
            yield Markup(clean(prose(_with_attachments(cell))))
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        code += 1
        # A table that is wider than a phone scrolls, and keys must reach what scrolls.
        shown = Markup("\n").join(_outputs(cell, code, clean))
        yield shown.replace("<table>", Markup('<table tabindex="0">'))


def _started(cell: Any) -> bool:
    status = cell.metadata.get("papermill", {}).get("status", "pending")
    return cell.cell_type == "code" and status not in ("pending", "skipped")


def _outputs(cell: Any, number: int, clean: Any) -> Iterator[Markup]:
    for output in cell.get("outputs", ()):
        match output.output_type:
            case "stream":
                shown = _pre(output.text)
            case "error":
                shown = _pre("\n".join(output.traceback) or f"{output.ename}: {output.evalue}")
            case _:
                shown = _rich(output.data, number, clean)
        yield Markup('<div class="output {}">{}</div>').format(output.output_type, shown)
    seen = cell.metadata.get("papermill", {})
    if seen.get("status") == "failed":
        yield Markup('<p class="cell-failed"><strong>✗ Cell {} failed.</strong> {}</p>').format(
            number, _ANSI.sub("", seen.get("error") or "")
        )


def _rich(data: Mapping[str, Any], number: int, clean: Any) -> Markup:
    """The richest form that needs no script; a widget is shown by its text."""
    if _WIDGET in data and "text/plain" in data:
        return _pre(data["text/plain"])
    if "text/html" in data:
        return Markup(clean(data["text/html"]))
    for kind in ("image/svg+xml", "image/png", "image/jpeg"):
        if kind in data:
            raw = data[kind]
            if kind == "image/svg+xml":
                raw = base64.b64encode(raw.encode()).decode()
            return Markup('<img alt="Figure, output of cell {}" src="data:{};base64,{}">').format(
                number, kind, "".join(raw.split())
            )
    if "text/markdown" in data:
        return Markup(clean(mistune.html(data["text/markdown"])))
    return _pre(str(data.get("text/plain", "")))


def _pre(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(_ANSI.sub("", text).rstrip("\n"))


def _with_attachments(cell: Any) -> str:
    """The prose of a cell with its attached images in place of their names."""
    source = cell.source
    for name, forms in cell.get("attachments", {}).items():
        for kind, raw in forms.items():
            source = source.replace(f"attachment:{name}", f"data:{escape(kind)};base64,{raw}")
    return source


def _words(text: str) -> Markup:
    """A sentence of ours: what stands between backticks is code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text, quote=False))))


def moment(text: str) -> str:
    """An ISO 8601 moment as people read it."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
