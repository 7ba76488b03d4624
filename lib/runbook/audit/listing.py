"""`runbook audit index`: runs/index.html, one page over all records; by itself no proof."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .. import record
from ..records import archive, page
from ..redact import redact
from ..resources import folder, script, style
from . import cover

FILE = "index.html"


def write(runs: Path) -> Path:
    """Write the page; returns where it is."""
    found = record.records(runs)
    rows = [_row(item) for item in reversed(found)]
    text, digest = script("sort.js", "index.js", then='runbookSortable("table");\n')
    made = _template().render(
        rows=rows,
        choices={
            key: sorted({row[key] for row in rows})
            for key in ("outcome", "phase", "target", "mode")
        },
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        script=Markup(text),
        script_digest=digest,
        style=Markup(style("record.css", "sort.css", "index.css")),
    )
    archive.write(runs / FILE, redact(made))
    return runs / FILE


def _row(item: record.Record) -> dict[str, Any]:
    sign, word, _ = page.VERDICTS[item.outcome]
    log = item.document.get("log", ())
    whole = (item.path / "record.html").exists()
    return {
        "name": item.name,
        "link": f"{item.name}/record.html" if whole else f"{item.name}/manifest.json",
        "pruned": not whole,
        "started": item.started,
        "phase": item.phase,
        "target": item.target,
        "mode": str(item.document.get("parameters", {}).get("mode") or "–"),
        "operator": item.operator,
        "outcome": f"{sign} {word}",
        "kind": item.outcome,
        "seconds": item.seconds,
        "migrations": ", ".join(entry["migration"] for entry in log),
        "done": f"{sum(e['status'] == 'Completed' for e in log)} of {len(log)}" if log else "–",
        "findings": " · ".join(
            f"{cover.SIGNS[verdict]} {count} {verdict}"
            for verdict, count in cover.sums(item.document).items()
        )
        or "–",
        "what": item.error["what"] if item.error else "",
    }


def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(moment=page.moment, duration=page.duration)
    return environment.from_string((folder("templates") / "index.html").read_text("utf-8"))
