"""Markup that needs no parser: our own tables, recognised tag by tag.

A record's page is mostly tables that `show` wrote. Taking them apart with an HTML5 parser costs
more than running the phase's checks, so what consists of nothing but these tags, properly nested,
and of escaped text is put together again from this list, as `Sanitizer` would have written it.
Anything else is left to the Sanitizer: one unknown sign is enough.
"""

from __future__ import annotations

import re

# Each start tag as `show` writes it → as the page has it.
_STARTS = {
    '<table class="runbook">': "<table>",
    '<table class="runbook" style="table-layout:fixed;width:100%;overflow-wrap:break-word">': (
        "<table>"
    ),
    "<caption>": "<caption>",
    "<thead>": "<thead>",
    "<tbody>": "<tbody>",
    "<tr>": "<tr>",
    **{f'<tr class="{verdict}">': "<tr>" for verdict in ("PASS", "WARN", "FAIL", "SKIP")},
    '<th scope="col">': '<th scope="col">',
    '<th scope="col" style="text-align:left">': '<th scope="col">',
    "<td>": "<td>",
    '<td style="text-align:left">': "<td>",
    '<td class="verdict" style="text-align:left">': "<td>",
    '<td class="verdict">': "<td>",
    '<td class="number">': "<td>",
    **{f'<td class="{word}" style="text-align:left">': "<td>" for word in ("none", "some", "all")},
    "<details>": "<details>",
    "<summary>": "<summary>",
    "<p>": "<p>",
    '<pre style="white-space:pre-wrap">': "<pre>",
}
# What may stand directly in what; "" is the output itself.
_INSIDE = {
    "": {"table", "details", "p", "pre"},
    "details": {"summary", "table"},
    "table": {"caption", "thead", "tbody"},
    "thead": {"tr"},
    "tbody": {"tr"},
    "tr": {"th", "td"},
}
_HOLDS_TEXT = {"caption", "th", "td", "summary", "p", "pre"}
_STYLE = re.compile(r"(?:<style>[^<]*</style>)+")
_TAG = re.compile(r"(<[^<>]*>)")
# What a parser would change: entities other than those that html.escape writes, line ends that are
# not \n, signs that HTML does not know.
_ODD = re.compile(
    r"&(?!(?:amp|lt|gt|quot|#x27);)"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def familiar(html: str) -> str | None:
    """The markup without styles and classes; None when it is not wholly ours."""
    if _ODD.search(html):
        return None
    html = html.removeprefix(style[0]) if (style := _STYLE.match(html)) else html
    made: list[str] = []
    within = [""]
    for number, piece in enumerate(_TAG.split(html)):
        if number % 2 == 0:
            if piece and (within[-1] not in _HOLDS_TEXT or "<" in piece or ">" in piece):
                return None
            if within[-1] == "pre" and piece.startswith("\n"):
                return None  # a parser takes the first line end of <pre> away
            made.append(piece)
        elif piece in _STARTS:
            name = re.split(r"[ >]", piece[1:], maxsplit=1)[0]
            if name not in _INSIDE.get(within[-1], ()):
                return None
            within.append(name)
            made.append(_STARTS[piece])
        elif len(within) > 1 and piece == f"</{within[-1]}>":
            made.append(piece)
            within.pop()
        else:
            return None
    return "".join(made) if len(within) == 1 else None
