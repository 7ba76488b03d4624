"""A view as HTML: the same words as the text, in light and dark theme, wide and narrow."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .steps import MAP
from .view import EMBEDDED, PRODUCTION, STAGING, View
from .words import PICTURE, after, lines, signed

# Badges are dark with white words: they read the same on light and on dark paper.
STYLE = """<style>
.runbook-panel { box-sizing: border-box; max-width: 100%; padding: 0.6em 1em;
  border: 1px solid #8888; border-left: 0.4em solid #1c5d99;
  line-height: 1.45; }
.runbook-panel.STAGING { border-left-color: #7a4b00; }
.runbook-panel.PRODUCTION { border-left-color: #a3161b; }
.runbook-panel p { margin: 0 0 0.4em; }
.runbook-panel dl + p { margin: 0.4em 0 0; }
.runbook-panel .where { letter-spacing: 0.06em; }
.runbook-panel dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; margin: 0; }
.runbook-panel dt { font-weight: bold; float: none; width: auto; white-space: nowrap; }
.runbook-panel dd { margin: 0; padding: 0; overflow-wrap: anywhere; }
.runbook-panel .map { overflow-x: auto; }
.jupyter-widgets:has(> * > .runbook-panel), .widget-html-content:has(> .runbook-panel) {
  min-width: 0; width: 100%; }
@media (max-width: 40em) { .runbook-panel dl { grid-template-columns: 1fr; } }
.runbook-panel table { border-collapse: collapse; margin: 0.5em 0 0; width: auto; }
.runbook-panel th, .runbook-panel td { text-align: left; padding: 0.15em 0.8em 0.15em 0;
  white-space: nowrap; border-bottom: 1px solid #8884; background: none; }
.runbook-panel td.failed, .runbook-panel td.in-doubt { font-weight: bold; }
</style>"""

# Inline, because an untrusted notebook drops the style block: which database it is, it says too.
_BADGE = "color:#fff;background-color:{};font-weight:bold;padding:0.1em 0.6em"
_COLOURS = {EMBEDDED: "#1c5d99", STAGING: "#7a4b00", PRODUCTION: "#a3161b"}


def html(view: View, picture: str = PICTURE) -> str:
    """The panel as it stands.

    Args:
        picture: what it says of itself; "" where a clock above it does.
    """
    title = f"{view.project} · {view.phase}"
    badge = _BADGE.format(_COLOURS[view.environment])
    where = f'<span class="where" style="{badge}">{view.environment}</span> <b>{escape(title)}</b>'
    said = f"<p><i>{picture}</i></p>" if picture else ""
    top = "".join(_pair(label, [value]) for label, value in lines(view))
    below = "".join(_pair(label, [value]) for label, value in after(view))
    return (
        f'{STYLE}<div class="runbook-panel {view.environment}" role="group"'
        f' aria-label="Runbook panel: {escape(title)}">'
        f"<p>{where}</p>{said}<dl>{top}{below}</dl>{_map(view)}</div>"
    )


def now(view: View, said: Sequence[str], note: str) -> str:
    """What runs, below the panel: it is drawn twice a second, and the panel keeps its place."""
    running = _pair("Now", said or ["nothing runs"])
    return (
        f'<div class="runbook-panel {view.environment}" role="group"'
        f' aria-label="What runs now"><dl>{running}</dl><p>{escape(note)}</p></div>'
    )


def _pair(label: str, values: Sequence[str]) -> str:
    said = "<br>".join(escape(value) for value in values)
    return f"<dt>{label}</dt><dd>{said}</dd>"


def _map(view: View) -> str:
    head = "".join(f'<th scope="col">{stage}</th>' for stage in ("migration", *MAP))
    body = "".join(
        f'<tr><th scope="row">{escape(step.migration.name)}</th>'
        + "".join(_cell(step[stage]) for stage in MAP)
        + "</tr>"
        for step in view.steps
    )
    return (
        '<div class="map" tabindex="0" role="group" aria-label="Step map">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(state: str) -> str:
    return f'<td class="{state.replace(" ", "-")}">{escape(signed(state))}</td>'
