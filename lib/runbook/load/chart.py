"""The picture of what was felt: each request a mark, the median and the 95th percentile as lines.

Time runs to the right. A mark stands where its request was due, as high as its answer took long,
on a logarithmic scale: who asks at this moment waits so long. The apply is a grey band; below it a
bar while requests waited for a lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, log10

from ..panel.picture import INK, LINE, SOFT, Picture, canvas, width_of, word
from .felt import DURING, Felt, Request, milliseconds, times
from .traffic import READ, WRITE

_EDGE, _HEAD, _LEFT, _WIDE, _HIGH, _GAP = 16, 48, 66, 600, 150, 70
_BAND, _WAIT = "#e3e7eb", "#7b1fa2"
# Okabe and Ito's blue and vermilion, darker; told apart by the mark's form, too.
_KINDS = ((READ, "#005b94"), (WRITE, "#b34700"))
_SLICES = 30


def draw(felt: Felt) -> Picture:
    """The picture of one apply under load."""
    return Picture(felt.title, _svg(felt), "\n".join(felt.words()))


def _svg(felt: Felt) -> str:
    everything = [r for stream in felt.streams for r in stream.requests]
    until = max([felt.ended, *(r.ended for r in everything)])
    taken = [r.took_ms for r in everything]
    scale = _Scale(until, -1, max(ceil(log10(max([*taken, 1.0]))), 1))
    parts = list(_legend())
    for row, (kind, ink) in enumerate(_KINDS):
        top = _EDGE + _HEAD + row * (_HIGH + _GAP)
        requests = [r for s in felt.streams if s.kind == kind for r in s.requests]
        parts += _panel(felt, scale, top, kind, ink, sorted(requests, key=lambda r: r.due))
    return canvas(_LEFT + _WIDE + 30, _EDGE + _HEAD + 2 * (_HIGH + _GAP) - 30, *parts)


class _Scale:
    """Seconds and milliseconds as places."""

    def __init__(self, until: float, low: int, high: int) -> None:
        self.until, self.low, self.high = until, low, high

    def x(self, seconds: float) -> float:
        return _LEFT + _WIDE * min(max(seconds / self.until, 0.0), 1.0)

    def y(self, ms: float, top: float) -> float:
        share = (log10(max(ms, 10**self.low)) - self.low) / (self.high - self.low)
        return top + _HIGH * (1 - share)


def _panel(
    felt: Felt, scale: _Scale, top: float, kind: str, ink: str, requests: Sequence[Request]
) -> Iterator[str]:
    """One kind of request: its frame, its marks, its lines."""
    asked = [s.table for s in felt.streams if s.kind == kind]
    tables = asked[0] if len(asked) == 1 else f"{len(asked)} tables"
    during = times([r for s in felt.streams if s.kind == kind for r in felt.of(s, DURING)])
    yield word(_EDGE, top - 8, f"{kind}s of {tables}", bold=True)
    yield word(_LEFT + _WIDE, top - 8, f"during: {during or 'none'}", size=12, end=True)
    x, wide = scale.x(felt.began), max(scale.x(felt.ended) - scale.x(felt.began), 1.5)
    yield _rectangle(x, top, wide, _HIGH, _BAND)
    for power in range(scale.low, scale.high + 1):
        y = scale.y(10**power, top)
        yield _line(_LEFT, y, _LEFT + _WIDE, y, LINE, 0.6)
        yield word(_LEFT - 6, y + 4, _tick(power), size=11, ink=SOFT, end=True)
    for place in (felt.began, felt.ended):
        yield _line(scale.x(place), top, scale.x(place), top + _HIGH, SOFT, 1)
    mark = _circle if kind == READ else _diamond
    yield from (mark(scale.x(r.due), scale.y(r.took_ms, top), ink) for r in requests)
    yield _lines(scale, top, requests)
    longest = max(requests, key=lambda r: r.took_ms, default=None)
    if longest is not None:
        x, y = scale.x(longest.due), scale.y(longest.took_ms, top)
        said = f"max {milliseconds(longest.took_ms)}"
        left = x + 12 + width_of(said, 12) > _LEFT + _WIDE
        yield word(
            x - 6 if left else x + 6, max(y - 6, top + 11), said, size=12, bold=True, end=left
        )
    error = next((s.error for s in felt.streams if s.kind == kind and s.error), "")
    if error:
        yield word(_LEFT + _WIDE - 6, top + 18, f"✕ {error}", size=12, bold=True, end=True)
    below = top + _HIGH + 5
    for each in requests:
        if each.waited:
            x = scale.x(each.due)
            yield _rectangle(x, below, max(scale.x(each.ended) - x, 2.0), 5, _WAIT)
    waited = sum(r.waited for r in requests)
    said = f"{waited} waited for a lock" if waited else "none waited" if not error else "see above"
    yield word(scale.x(felt.began), below + 20, f"apply: {said}", size=11, ink=SOFT)
    yield word(_LEFT, below + 20, "0 s", size=11, ink=SOFT)
    yield word(_LEFT + _WIDE, below + 20, f"{scale.until:.1f} s", size=11, ink=SOFT, end=True)


def _lines(scale: _Scale, top: float, requests: Sequence[Request]) -> str:
    """Median and 95th percentile of each slice of time."""
    wide = scale.until / _SLICES
    p50, p95 = [], []
    for number in range(_SLICES):
        found = times([r for r in requests if number <= r.due / wide < number + 1])
        if found:
            x = scale.x((number + 0.5) * wide)
            p50.append(f"{x:.1f},{scale.y(found.p50, top):.1f}")
            p95.append(f"{x:.1f},{scale.y(found.p95, top):.1f}")
    style = f"fill='none' stroke='{INK}' stroke-width='1.6'"
    return (
        f"<polyline points='{' '.join(p50)}' {style}/>"
        f"<polyline points='{' '.join(p95)}' {style} stroke-dasharray='4 3'/>"
    )


def _legend() -> Iterator[str]:
    y, x = _EDGE + 4, float(_EDGE)
    for sign, said in (
        (_circle(0, 0, _KINDS[0][1]), "a read"),
        (_diamond(0, 0, _KINDS[1][1]), "a write"),
        (_line(-8, 0, 8, 0, INK, 1.6), "p50"),
        (_line(-8, 0, 8, 0, INK, 1.6, dashed=True), "p95"),
        (_rectangle(-8, -7, 16, 14, _BAND), "the apply"),
        (_rectangle(-8, -2.5, 16, 5, _WAIT), "a request that waited for a lock"),
    ):
        yield f"<g transform='translate({x + 8:.0f} {y})'>{sign}</g>"
        yield word(x + 22, y + 4, said, size=12)
        x += width_of(said, 12) + 40


def _tick(power: int) -> str:
    return f"{10 ** (power - 3):,} s" if power >= 3 else f"{10.0**power:g} ms"


def _line(x: float, y: float, to_x: float, to_y: float, ink: str, wide: float, *,
          dashed: bool = False) -> str:  # fmt: skip
    dashes = " stroke-dasharray='4 3'" if dashed else ""
    return (
        f"<line x1='{x:.1f}' y1='{y:.1f}' x2='{to_x:.1f}' y2='{to_y:.1f}' stroke='{ink}'"
        f" stroke-width='{wide}'{dashes}/>"
    )


def _rectangle(x: float, y: float, wide: float, high: float, fill: str) -> str:
    return f"<rect x='{x:.1f}' y='{y:.1f}' width='{wide:.1f}' height='{high}' fill='{fill}'/>"


def _circle(x: float, y: float, ink: str) -> str:
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.6' fill='{ink}' fill-opacity='0.6'/>"


def _diamond(x: float, y: float, ink: str) -> str:
    return (
        f"<path d='M{x:.1f} {y - 3.6:.1f}l3.6 3.6l-3.6 3.6l-3.6 -3.6z' fill='{ink}'"
        " fill-opacity='0.6'/>"
    )
