"""`runbook audit …`: the records, and whether they can be believed."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import record
from ..cli import emit, say
from ..errors import Refused
from ..findings import FAIL, PASS, SKIP, Finding, failed
from ..project import author, find_project
from ..target import open_target
from . import against_ledger, chain, differing, listing, pruning, signing, storing, verifying


def list_(options: argparse.Namespace) -> int:
    """The records of runs/, oldest first."""
    found = record.records(runs_of(options))
    if options.json:
        emit([{
            "record": item.name, "phase": item.phase, "target": item.target,
            "outcome": item.outcome, "started": item.started, "seconds": item.seconds,
            "operator": item.operator, "pruned": not (item.path / "record.html").exists(),
        } for item in found])  # fmt: skip
        return 0
    for item in found:
        gone = "  (pruned)" if not (item.path / "record.html").exists() else ""
        say(f"{item.outcome:<12} {item.seconds:>7.1f} s  {item.operator:<16} {item.name}{gone}")
    if not found:
        say("There is no record yet; `runbook run` makes them.")
    return 0


def show(options: argparse.Namespace) -> int:
    """One record."""
    item = chosen(runs_of(options), options.record)
    if options.json:
        emit(item.document)
        return 0
    say(f"{item.name}\n  {item.outcome}, {item.seconds:.1f} s, by {item.operator}")
    for key in ("what", "state", "remedy"):
        if item.error and item.error.get(key):
            say(f"  {item.error[key]}")
    for path in sorted(item.path.iterdir()):
        say(f"  runs/{item.name}/{path.name}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Hold the records against each other and a target's ledger; exit 3 on findings."""
    runs = runs_of(options)
    public = signing.public_key(Path(options.key)) if options.key else None
    rows = _files(runs, options.records)
    whole = not options.records
    if whole:
        rows += verifying.signatures(runs, public)
    if options.target and whole:
        target = open_target(options.target, find_project(options.project))
        rows += against_ledger.check(target, runs)
    elif whole:
        asked = "not asked: --target T holds the records against it"
        rows.append(
            Finding(against_ledger.LEDGER, "targets", "agrees with the records", asked, SKIP)
        )
    bad = failed(rows)
    if options.json:
        emit({
            "verified": not bad, "findings": [row._asdict() for row in rows],
            "cannot_detect": list(verifying.LIMITS),
        })  # fmt: skip
        return 3 if bad else 0
    for row in sorted(rows, key=lambda row: row.verdict != FAIL):
        if (
            row.verdict != PASS
            or not whole
            or row.check in (verifying.CHAIN, against_ledger.LEDGER)
        ):
            say(f"  {row.verdict:<4}  {row.check}: {row.object}: {row.observed}")
    checked = len({row.object for row in rows if row.check == verifying.RECORD})
    say(
        f"{checked} records verified: "
        + (f"{len(bad)} findings." if bad else "nothing was changed.")
    )
    say("This cannot show:")
    for words in verifying.LIMITS:
        say(f"  - {words}")
    return 3 if bad else 0


def key(options: argparse.Namespace) -> int:
    """Write a new signing key."""
    path = Path(options.file).expanduser()
    made = signing.make(path)
    say(f"{path.name} (keep it) and {path.name}.pub (give it to whoever verifies): {made}")
    say(f"export {signing.VARIABLE}={options.file}   # signs every record from now on")
    return 0


def diff(options: argparse.Namespace) -> int:
    """Two runs side by side."""
    runs = runs_of(options)
    a, b = (chosen(runs, name) for name in (options.a, options.b))
    found = differing.differences(a, b)
    if options.json:
        emit({"a": a.name, "b": b.name, "differences": [row._asdict() for row in found]})
        return 0
    say(f"A  {a.name}\nB  {b.name}")
    kind = ""
    for row in found:
        if row.kind != kind:
            kind = row.kind
            say(f"\n{kind}")
        say(f"  {row.of}\n    A  {row.a}\n    B  {row.b}")
    if not found:
        say("They do not differ in anything that is compared.")
    return 0


def index(options: argparse.Namespace) -> int:
    """One page over all records."""
    runs = runs_of(options)
    runs.mkdir(exist_ok=True)
    say(f"runs/{listing.write(runs).name}")
    return 0


def prune(options: argparse.Namespace) -> int:
    """Leave tombstones of all but the newest records."""
    runs = runs_of(options)
    old = pruning.old(runs, options.keep)
    if options.mode == "apply":
        pruning.finish(runs)
        if old:
            pruning.prune(runs, old, author(options.operator).operator, backups=options.backups)
    word = "pruned" if options.mode == "apply" else "would be pruned"
    for path in old:
        say(f"  {word}: {path.name}")
    say(f"{len(old)} records {word}; manifests with every digest stay.")
    if old and options.mode != "apply":
        say("Nothing was removed: --mode apply does that.")
    return 0


def upload(options: argparse.Namespace) -> int:
    """Copy records to the archive; all of them when none is named."""
    runs = runs_of(options)
    place = storing.place_of(options.archive)
    if place is None:
        raise Refused(
            "No archive was named.", remedy=f"--archive s3://bucket/folder, or {storing.VARIABLE}."
        )
    names = options.records or [item.name for item in record.records(runs)]
    for name in names:
        item = chosen(runs, name)
        count = place.store(item.path)
        say(f"  {item.name}: {count} files in {place}, read back and the same")
    return 0


def runs_of(options: argparse.Namespace) -> Path:
    """The folder of records."""
    return find_project(options.project) / "runs"


def chosen(runs: Path, name: str) -> record.Record:
    """A record by its name, its id, or its folder.

    Raises:
        Refused: there is none, or more than one.
    """
    place = Path(name)
    if place.is_dir() and (found := record.read(place.resolve())):
        return found
    known = record.records(runs)
    found = [item for item in known if name in (item.name, item.name.rpartition("_")[2])]
    if len(found) == 1:
        return found[0]
    raise Refused(
        f"There is no record {name!r} in runs/.", remedy="`runbook audit list` names them."
    )


def _files(runs: Path, names: list[str]) -> list[Finding]:
    if not names:
        return verifying.archive(runs)
    lines = chain.read(runs)
    rows = []
    for name in names:
        place = Path(name)
        if place.is_dir() and place.resolve().parent != runs.resolve():
            rows += verifying.alone(place.resolve())
            asked = "not asked: the record lies outside of its archive"
            rows.append(Finding(verifying.CHAIN, place.name, "its line", asked, SKIP))
            continue
        numbers = [
            number
            for number, line in enumerate(lines)
            if place.name in (line.record, line.record.rpartition("_")[2]) and line.record
        ]
        if not numbers:
            raise Refused(
                f"The chain of runs/ has no record {name!r}.",
                remedy="`runbook audit list` names them; without a name all are verified.",
            )
        for number in numbers:
            rows += verifying.record(runs, lines, number)
    return rows
