"""A picture: drawn as SVG on paper of its own, with the same facts in words beside it.

It is shown as an image, so that it looks the same in a light and in a dark theme, in a record and
on the web; colours are told apart by lightness too, and every colour has its word.
"""

from __future__ import annotations

import base64
from html import escape

INK, SOFT, LINE, PAPER = "#1b1f24", "#4a535c", "#aab4be", "#ffffff"
NEW, OLD = "#d9eafb", "#eceff2"
# Okabe and Ito's, dark enough for a white gap between two of them; in the order of the stages.
STAGES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_FONT = "font-family='system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"


class Picture:
    """An SVG with its words.

    Args:
        title: what is to be seen, one sentence; also the image's alternative text.
        svg: the drawing, as canvas() makes it.
        text: the same facts for people and programs that do not look at it.
    """

    def __init__(self, title: str, svg: str, text: str) -> None:
        self.title, self.svg, self.text = title, svg, text

    def __repr__(self) -> str:
        return f"{self.title}\n{self.text}"

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg.encode()).decode()
        title = escape(self.title)
        # Wider than a phone: it scrolls in its own frame, and its letters stay readable.
        return (
            f'<figure style="margin:0"><figcaption><b>{title}</b></figcaption>'
            f'<div style="overflow-x:auto" tabindex="0" role="group" aria-label="{title}">'
            f'<img style="max-width:none" alt="{title}" src="data:image/svg+xml;base64,{source}">'
            f"</div><details><summary>In words</summary><pre>{escape(self.text)}</pre></details>"
            "</figure>"
        )


def canvas(width: float, height: float, *parts: str) -> str:
    """The drawing of these parts on white paper."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}'"
        f" viewBox='0 0 {width:.0f} {height:.0f}' {_FONT} font-size='13'>"
        f"<rect width='100%' height='100%' rx='6' fill='{PAPER}'/>{''.join(parts)}</svg>"
    )


def word(x: float, y: float, text: str, *, size: int = 13, ink: str = INK, bold: bool = False,
         end: bool = False) -> str:  # fmt: skip
    """Text whose baseline is at y."""
    weight = " font-weight='600'" if bold else ""
    anchor = " text-anchor='end'" if end else ""
    return (
        f"<text x='{x:.0f}' y='{y:.0f}' font-size='{size}' fill='{ink}'{weight}{anchor}>"
        f"{escape(text)}</text>"
    )


def box(x: float, y: float, width: float, height: float, *, fill: str, line: str = LINE,
        dashed: bool = False) -> str:  # fmt: skip
    """A rectangle with round corners."""
    dashes = " stroke-dasharray='5 4'" if dashed else ""
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}' rx='4'"
        f" fill='{fill}' stroke='{line}'{dashes}/>"
    )


def curve(x: float, y: float, to_x: float, to_y: float, bend: float) -> str:
    """A line that leaves and arrives level, `bend` wide; a dot stands where it arrives."""
    path = f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"  # noqa: E501
    return (
        f"<path d='{path}' fill='none' stroke='{SOFT}' stroke-width='1.2'/>"
        f"<circle cx='{to_x:.0f}' cy='{to_y:.0f}' r='3' fill='{SOFT}'/>"
    )


def width_of(text: str, size: int = 13) -> float:
    """About how wide a text is; there is no font to ask."""
    return len(text) * size * 0.56
