"""Time against rows, both on logarithmic scales: a straight line at 45° is time in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from .measure import POLICY, QUERY, VECTOR, Measured

_INK = "#333333"


def draw(runs: Sequence[tuple[int | None, list[Measured]]], path: Path, *, title: str) -> None:
    """Write the picture; its ending chooses the form (.svg, .png).

    Args:
        runs: the rows of a table, and what was measured with so many.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "runbook"  # the same picture gives the same file
    from matplotlib import pyplot

    sizes = [rows for rows, _ in runs if rows]
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for label, values, style in _lines([found for rows, found in runs if rows]):
        points = [(size, value) for size, value in zip(sizes, values, strict=True) if value]
        if points:
            axes.loglog(*zip(*points, strict=True), label=label, **style)
    axes.set(xlabel="rows in a table", ylabel="milliseconds", title=title)
    axes.grid(visible=True, which="both", color="#8884", linewidth=0.5)
    axes.legend(fontsize="small", frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)
    pyplot.close(figure)


def _lines(found: list[list[Measured]]) -> list[tuple[str, list[float | None], dict[str, str]]]:
    def times(kind: str, pick, *, without: bool = False) -> list[float | None]:
        said = []
        for items in found:
            asked = [i for i in items if i.kind == kind and (kind, i.actor) != (QUERY, "owner")]
            seen = [item.without if without else item.seen for item in asked]
            held = [each.ms for each in seen if each]
            said.append(pick(held) if held else None)
        return said

    # Told apart by marker and dash, not by colour alone.
    return [
        ("sample queries, slowest", times(QUERY, max), {"color": "#0b5fa5", "marker": "o"}),
        ("sample queries, median", times(QUERY, median),
         {"color": "#0b5fa5", "marker": "o", "linestyle": ":"}),
        ("all a role may read, slowest table", times(POLICY, max),
         {"color": "#b26a00", "marker": "s"}),
        ("the same without policies", times(POLICY, max, without=True),
         {"color": "#b26a00", "marker": "s", "linestyle": ":"}),
        ("ten nearest neighbours", times(VECTOR, max), {"color": _INK, "marker": "^"}),
    ]  # fmt: skip
