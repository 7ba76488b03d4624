"""`runbook audit diff A B`: two runs side by side, as of staging and production.

Compared is what both said of the same thing: verdicts, rows, locks, times, access, catalogs. What
is different by nature (names, ids, transaction numbers) is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..findings import PASS
from ..record import Record
from ..records import journal
from . import evidence

_ABSENT = "–"
_NOISE_S = 1.0  # and twice as long: below that a difference in time says nothing
_RUN = ("target", "phase", "outcome", "operator", "started", "seconds")


class Difference(NamedTuple):
    """One thing that the two runs do not agree in.

    Fields:
        kind: run · files · software · verdict · rows and locks · time · access · catalog · log.
        of: what it is about.
        a, b: what each run said; – where it said nothing.
    """

    kind: str
    of: str
    a: str
    b: str


def differences(a: Record, b: Record) -> list[Difference]:
    """Everything in which two records differ, by kind."""
    events = [journal.read(each.path) for each in (a, b)]
    names = {
        entry["version"]: entry["migration"]
        for each in (a, b)
        for entry in each.document.get("log", ())
    }
    found = [
        *_run(a, b),
        *_pairs("files", _files(a.document), _files(b.document)),
        *_pairs("software", _software(a.document), _software(b.document)),
        *_pairs("log", _log(a.document), _log(b.document)),
        *_verdicts(*events),
        *_pairs("rows and locks", _account(a.document), _account(b.document)),
        *_times(a.document, b.document),
        *_access(*events),
        *_pairs("catalog", _catalogs(a.document), _catalogs(b.document)),
    ]
    return [row._replace(of=_named(row.of, names)) for row in found]


def _run(a: Record, b: Record) -> Iterator[Difference]:
    for name in _RUN:
        one, other = (_words(getattr(each, name)) for each in (a, b))
        if one != other:
            yield Difference("run", name, one, other)
    given = [each.document.get("parameters", {}) for each in (a, b)]
    yield from _pairs("run", *({f"parameter {k}": _words(v) for k, v in p.items()} for p in given))
    servers = [each.document.get("server", {}).get("version", _ABSENT) for each in (a, b)]
    if servers[0] != servers[1]:
        yield Difference("run", "PostgreSQL", *servers)


def _verdicts(a: Sequence[Any], b: Sequence[Any]) -> Iterator[Difference]:
    """Findings whose verdict differs; of those that only one run has, the ones that are no pass."""
    one, other = _findings(a), _findings(b)
    stages = [{key[:2] for key in each} for each in (one, other)]
    for key in sorted({*one, *other}):
        first, second = one.get(key), other.get(key)
        both = key[:2] in stages[0] and key[:2] in stages[1]
        if first and second and first.verdict != second.verdict:
            yield _finding(key, first, second)
        elif both and (first is None) != (second is None):
            only = first or second
            if only is not None and only.verdict != PASS:
                yield _finding(key, first, second)
    ran = [_stages(each) for each in (one, other)]
    yield from _pairs("stages with findings", *ran)


def _stages(found: Mapping[tuple[str, ...], Any]) -> dict[str, str]:
    """What each migration, or each question, went through."""
    told: dict[str, list[str]] = {}
    for of, stage, *_ in found:
        if stage not in told.setdefault(of, []):
            told[of].append(stage)
    return {of: ", ".join(stages) for of, stages in told.items()}


def _finding(key: tuple[str, ...], a: Any, b: Any) -> Difference:
    told = [f"{each.verdict}: {each.observed}" if each else _ABSENT for each in (a, b)]
    return Difference("verdict", " · ".join(filter(None, key)), *told)


def _findings(events: Sequence[Any]) -> dict[tuple[str, ...], Any]:
    return {
        (event["version"] or event["detail"].get("caption", ""), event["stage"], *row[:2]): row
        for event in evidence.closing(events)
        for row in evidence.findings(event)
    }


def _account(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{item['version']} · {check} · {of}": observed
        for item in document.get("account", ())
        for check, of, observed, _ in item["rows"]
    }


def _times(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    one, other = (_cells(each) for each in (a, b))
    for name in one:
        first, second = one[name], other.get(name)
        if first is None or second is None:
            continue
        if abs(first - second) >= _NOISE_S and max(first, second) >= 2 * min(first, second):
            yield Difference("time", name, f"{first:.1f} s", f"{second:.1f} s")


def _cells(document: Mapping[str, Any]) -> dict[str, float | None]:
    return {
        f"{cell['heading']} · {cell['line']}": cell["seconds"] for cell in document.get("cells", ())
    }


def _access(a: Sequence[Any], b: Sequence[Any]) -> Iterator[Difference]:
    """Cells of the matrix that both runs measured and that differ; tables of only one run."""
    one, other = evidence.access(a), evidence.access(b)
    tables = [{key[0] for key in each} for each in (one, other)]
    shared = tables[0] & tables[1]
    for key in sorted({*one, *other}):
        first, second = one.get(key, _ABSENT), other.get(key, _ABSENT)
        if key[0] in shared and first != second:
            yield Difference("access", " · ".join(key), first, second)
    for table in sorted(tables[0] ^ tables[1]):
        said = ["measured", "not measured"]
        yield Difference("access", table, *(said if table in tables[0] else said[::-1]))


def _files(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"sha256 {digest[:16]}…" for name, digest in document["sources"].items()}


def _software(document: Mapping[str, Any]) -> dict[str, str]:
    return {"Python": document["python"], **document["packages"]}


def _log(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{entry['migration']} · {part}": _words(entry[part])
        for entry in document.get("log", ())
        for part in ("status", "tests", "access")
    }


def _catalogs(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"after {item['version']}": item["catalog"][:16] + "…"
        for item in document.get("account", ())
        if "catalog" in item
    }


def _pairs(kind: str, a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Difference]:
    for name in [*a, *(name for name in b if name not in a)]:
        if a.get(name) != b.get(name):
            yield Difference(kind, name, a.get(name, _ABSENT), b.get(name, _ABSENT))


def _named(of: str, names: Mapping[str, str]) -> str:
    """Versions as people call them."""
    return " ".join(names.get(word, word) for word in of.split(" "))


def _words(value: object) -> str:
    return f"{value:.1f} s" if isinstance(value, float) else str(value)
