"""HTML from notebooks, made fit for one page that needs no network and runs nothing.

Outputs are markup of our own tables, but what stands in them comes from a database: so everything
passes an allow-list. On the way headings are put in order below the page's own, table headers get
their scope, and styles go: the page's own sheet knows light, dark and paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner

from .familiar import familiar

_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "cite", "code", "dd", "del", "details", "dfn", "div"}
    | {"dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i"}
    | {"img", "ins", "kbd", "li", "mark", "meter", "ol", "p", "pre", "progress", "q", "s", "samp"}
    | {"small", "span", "strong", "sub", "summary", "sup", "time", "u", "ul", "var"}
    | {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"}
)
_DROPPED = frozenset(("style", "script", "title", "template", "noscript", "textarea", "select"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope", "abbr"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "ol": {"start", "reversed"},
    "time": {"datetime"},
    "meter": {"value", "min", "max"},
    "progress": {"value", "max"},
}
_EVERYWHERE = {"lang", "dir", "title", "aria-label"}
_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/svg+xml;")


class Sanitizer:
    """One for a page: it remembers the level of the last heading.

    Args:
        top: the level that a first-level heading becomes.
    """

    def __init__(self, *, top: int = 2) -> None:
        self._shift = top - 1
        self._level = top - 1
        self._cleaner = Cleaner(
            tags=_TAGS | _DROPPED,
            attributes=_allowed,
            protocols={"http", "https", "mailto", "data"},
            strip=True,
            filters=[lambda source: _InOrder(source, self)],
        )

    def clean(self, html: str) -> str:
        """The same content with nothing in it that runs, loads, restyles or disorders."""
        known = familiar(html)
        return self._cleaner.clean(html) if known is None else known

    def heading(self, level: int) -> str:
        """The element for a heading of this level: never more than one step below the last."""
        self._level = max(self._shift + 1, min(level + self._shift, self._level + 1, 6))
        return f"h{self._level}"


class _InOrder(Filter):
    def __init__(self, source: Any, page: Sanitizer) -> None:
        super().__init__(source)
        self._page = page

    def __iter__(self) -> Iterator[dict[str, Any]]:
        dropped, open_headings, in_head = "", [], False
        for token in super().__iter__():
            name, kind = token.get("name"), token["type"]
            if dropped:
                if kind == "EndTag" and name == dropped:
                    dropped = ""
                continue
            if name in _DROPPED:
                dropped = name if kind == "StartTag" else ""
                continue
            if name in _HEADINGS:
                if kind == "StartTag":
                    open_headings.append(self._page.heading(_HEADINGS[name]))
                token["name"] = open_headings[-1] if kind == "StartTag" else open_headings.pop()
            elif name == "thead":
                in_head = kind == "StartTag"
            elif name == "th" and kind == "StartTag":
                token["data"].setdefault((None, "scope"), "col" if in_head else "row")
            yield token


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return value.startswith(_IMAGES)
    if tag == "a" and name == "href":
        # A path beside the notebook leads nowhere from the record, which also is sent around.
        return value.lower().startswith(("http://", "https://", "mailto:"))
    return name in _EVERYWHERE or name in _ATTRIBUTES.get(tag, ())
