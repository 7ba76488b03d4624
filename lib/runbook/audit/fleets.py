"""A fleet's summary against the records of its targets, and the other way round.

The summary names every record of the run with the SHA-256 of its manifest, each of these records
names the run, and all of them have their lines in the chain: so a record that is missing on
either side shows, also when it went together with the end of the chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..findings import FAIL, PASS, WARN, Finding
from ..records.archive import DRAFT
from . import chain, manifest
from .chain import Line

FLEET = "Fleet"
_EXPECTED = "each record is there, with this SHA-256"


def summary(runs: Path, lines: Sequence[Line], line: Line) -> Iterator[Finding]:
    """What a summary names, against the chain and the folders; `line` is the summary's."""
    there = {each.record: each for each in chain.records(lines)}
    named = _names(runs, line)
    if named is None:
        yield Finding(FLEET, line.record, _EXPECTED, "the summary names no records", FAIL)
        return
    bad = 0
    for name, digest in named.items():
        wrong = _named(runs, there.get(name), line.fleet, digest)
        if wrong:
            bad += 1
            yield Finding(FLEET, name, f"as {line.record} names it", wrong, FAIL)
    if not bad:
        words = f"the {len(named)} records that it names are as it names them"
        yield Finding(FLEET, line.record, _EXPECTED, words, PASS)


def unnamed(runs: Path, lines: Sequence[Line]) -> Iterator[Finding]:
    """Records that say that they are of a fleet's run, and whose run does not name them."""
    summaries = {line.fleet: number for number, line in enumerate(lines) if line.sums_up}
    names = {fleet: _names(runs, lines[number]) for fleet, number in summaries.items()}
    for number, line in enumerate(lines):
        if not line.fleet or line.sums_up:
            continue
        expected = "named by its fleet's summary"
        if line.fleet not in summaries:
            if any(runs.glob(f"{DRAFT}*_{line.fleet}/")):
                words, verdict = "the fleet's run goes on, or was killed: not summed up yet", WARN
            else:
                words, verdict = f"there is no summary of the fleet's run {line.fleet}", FAIL
        elif names[line.fleet] is None or line.record in names[line.fleet]:
            continue  # a summary that cannot be read is a finding of its own
        elif number > summaries[line.fleet]:
            words = "a worker closed it after the fleet's run had ended; its summary came before"
            verdict = WARN
        else:
            words, verdict = "the summary that was closed after it does not name it", FAIL
        yield Finding(FLEET, line.record, expected, words, verdict)


def _named(runs: Path, line: Line | None, fleet: str, digest: Any) -> str:
    """What is wrong with a record that a summary names; "" when nothing is."""
    if line is None:
        return "the chain has no line of it"
    if line.manifest != digest:
        return "its manifest is another one in the chain"
    if line.fleet != fleet:
        return "it is not of this fleet's run"
    try:
        same = manifest.digest(runs / line.record / manifest.FILE) == digest
    except OSError:
        return "was removed"
    return "" if same else "its manifest is another one"


def _names(runs: Path, line: Line) -> Mapping[str, Any] | None:
    try:
        named = manifest.read(runs / line.record)["predicate"]["records"]
    except (OSError, ValueError, LookupError):
        return None
    return named if isinstance(named, Mapping) else None
