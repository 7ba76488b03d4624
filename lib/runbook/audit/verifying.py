"""`runbook audit verify`: files against manifests, manifests against the chain.

Every byte of a record is held against something that is not in the same file: files against the
manifest, the manifest against its line, the line against the manifest and the line after it. What
cannot be seen from here is said as well: LIMITS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..records import journal
from ..records.archive import DRAFT
from . import chain, fleets, manifest, pruning, signing
from .chain import Line

CHAIN, RECORD, FILES, JOURNAL, SIGNED = "Chain", "Record", "Files", "Journal", "Signature"
# What else the runbook itself puts into runs/: each has an owner other than the chain.
BESIDE_RECORDS = frozenset(("backups", "index.html", "plans", "rehearsals", "tutorial", "work"))

LIMITS = (
    "an archive that was rewritten as a whole, every digest worked out anew: only a signature"
    " (--key), the target's ledger (--target) or a copy elsewhere shows that",
    "the newest records, removed together with their lines in the chain: only the ledger or a copy"
    " shows that, and the ledger only for runs that wrote to it",
    "a whole archive that is gone, with a new one begun in its place: the ledger names its records,"
    " as those of another archive",
    "a record that was false from the start: whoever controls the machine during a run decides"
    " what is recorded; the operator's name is a statement, not a proof",
    "what stands in runs/ beside the records: " + ", ".join(sorted(BESIDE_RECORDS)),
)


def archive(runs: Path) -> list[Finding]:
    """Everything in the folder of records: chain, records, and what belongs to neither."""
    lines = chain.read(runs)
    rows = list(_chain(runs, lines))
    for number, line in enumerate(lines):
        if line.kind == chain.RECORD:
            rows += record(runs, lines, number)
    return [*rows, *fleets.unnamed(runs, lines), *_strays(runs, lines)]


def record(runs: Path, lines: Sequence[Line], number: int) -> list[Finding]:
    """One record of the chain: its place, its files, its journal; or its tombstone."""
    line = lines[number]
    folder = runs / line.record
    place = _place(runs, lines, number)
    named = list(fleets.summary(runs, lines, line)) if line.sums_up else []
    if place:
        return [Finding(RECORD, line.record, "as it was closed", place, FAIL), *named]
    said = manifest.read(folder)
    gone = chain.pruned(lines).get(line.record)
    if gone is not None:
        return [pruning.tombstone(folder, line, gone), *named]
    rows = [Finding(RECORD, line.record, "as it was closed", _closed(said["predicate"]), PASS)]
    return [*rows, *files(folder, line.record, said), *_journal(folder, line.record), *named]


def alone(folder: Path) -> list[Finding]:
    """A record that lies somewhere by itself: its files and its journal; no chain to ask."""
    name = folder.name
    try:
        said = manifest.read(folder)
        predicate = said["predicate"]
        closed = _closed(predicate)
        same = predicate["record"] == name
    except (OSError, ValueError, LookupError, TypeError) as error:
        return [Finding(RECORD, name, "a manifest", f"none that can be read: {error}", FAIL)]
    observed = closed if same else f"{closed}, under the name {predicate['record']}"
    rows = [Finding(RECORD, name, "as it was closed", observed, PASS if same else WARN)]
    return [*rows, *files(folder, name, said), *_journal(folder, name)]


def files(folder: Path, record: str, said: Mapping[str, Any]) -> list[Finding]:
    """Every file of a record against its digest; one row when all is well."""
    try:
        expected = manifest.subjects(said)
    except (LookupError, TypeError):
        return [Finding(FILES, record, "digests", "the manifest names none", FAIL)]
    there = set(manifest.names(folder))
    rows = []
    for name in sorted(there | set(expected)):
        observed = _file(folder / name, expected.get(name), there=name in there)
        if observed:
            rows.append(Finding(FILES, f"{record}/{name}", "as recorded", observed, FAIL))
    count = f"{len(expected)} files, each with its SHA-256"
    return rows or [Finding(FILES, record, "as recorded", count, PASS)]


def signatures(runs: Path, public: Any) -> list[Finding]:
    """Signatures under a key; a signed manifest vouches for all before it, too.

    Args:
        public: the key that records should be signed with; None only says what there is.
    """
    lines = chain.records(chain.read(runs))
    signed = [line for line in lines if manifest.ENVELOPE in line.value.get("beside", {})]
    if public is None:
        if not signed:
            return []
        what = f"{len(signed)} of {len(lines)} records are signed; not checked: --key PUB does that"
        return [Finding(SIGNED, runs.name, "a signature", what, SKIP)]
    rows, waiting = [], []
    for line in lines:
        wrong = _unsigned(runs / line.record, public)
        waiting.append((line.record, wrong))
        if not wrong:
            rows += [
                Finding(SIGNED, name, "a signature", "signed" if not why else
                        f"{why}; {line.record} is signed and vouches for it", PASS)
                for name, why in waiting
            ]  # fmt: skip
            waiting.clear()
    expected = "a signature, its own or a later record's"
    return rows + [Finding(SIGNED, name, expected, why, FAIL) for name, why in waiting]


def _unsigned(folder: Path, public: Any) -> str:
    try:
        content = (folder / manifest.FILE).read_bytes()
        place = folder / manifest.ENVELOPE
        return signing.problem(content, place.read_bytes() if place.exists() else None, public)
    except OSError:
        return "its manifest is missing"


def _file(path: Path, digest: str | None, *, there: bool) -> str:
    if digest is None:
        return f"is not part of the record; {_dated(path)}"
    if not there:
        return "is missing"
    if path.is_symlink() or not path.is_file():
        return "is no file of its own"
    try:
        same = manifest.digest(path) == digest
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if same else f"holds something else; {_dated(path)}"


def _dated(path: Path) -> str:
    """Since when, as far as a file's own date can be believed."""
    at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    return f"the file's own date is {at:%Y-%m-%d %H:%M:%S} UTC"


def _journal(folder: Path, record: str) -> Iterator[Finding]:
    """The journal's own chain: its digest holds already, so this is about how it was written."""
    if (folder / journal.FILE).exists():
        wrong = journal.broken(folder)
        torn = "cannot be read" in wrong
        verdict = WARN if torn else FAIL if wrong else PASS
        observed = wrong or f"{len(journal.read(folder))} events, each behind the one before it"
        yield Finding(JOURNAL, record, "one chain", observed, verdict)


def _chain(runs: Path, lines: Sequence[Line]) -> Iterator[Finding]:
    """The chain's lines among themselves."""
    where = f"{runs.name}/{chain.FILE}"
    if not lines:
        kept = [path for path in runs.glob("[!.]*/") if (path / manifest.FILE).exists()]
        if kept:
            what = f"there is no chain, and {len(kept)} records; {_dated(runs)}"
            yield Finding(CHAIN, where, "one line a record", what, FAIL)
        return
    bad = [words for number in range(len(lines)) if (words := _line(lines, number))]
    if (runs / chain.FILE).read_bytes() != b"".join(line.raw + b"\n" for line in lines):
        bad.append("its end was cut or added to")
    for words in bad:
        yield Finding(
            CHAIN, where, "one line a record", f"{words}; {_dated(runs / chain.FILE)}", FAIL
        )
    if not bad:
        observed = (
            f"{len(chain.records(lines))} records in order, archive {chain.identity(lines)[:12]}"
        )
        yield Finding(CHAIN, where, "one line a record", observed, PASS)


def _line(lines: Sequence[Line], number: int) -> str:
    """What is wrong with one line, in words; "" when nothing is."""
    line, shown = lines[number], f"line {number + 1}"
    if not line.value:
        return f"{shown} cannot be read"
    kind = chain.ARCHIVE if number == 0 else line.kind
    if line.kind != kind or (number and kind not in (chain.RECORD, chain.PRUNED)):
        return f"{shown} is no line of its place"
    if line.raw != chain.encoded(line.value, lines[:number]):
        before = f"{shown} ({line.record or line.kind})"
        return f"{before} does not follow the line before it: one of the two was changed or moved"
    return ""


def _place(runs: Path, lines: Sequence[Line], number: int) -> str:
    """What is wrong between a record's manifest and its line; "" when nothing is."""
    line, folder = lines[number], runs / lines[number].record
    try:
        content = (folder / manifest.FILE).read_bytes()
    except OSError:
        if not line.record or not folder.exists():
            draft = folder.with_name(f"{DRAFT}{line.record}")
            if draft.exists():
                return "is closed and has not got its name yet: the next run gives it"
            return f"was removed; {_between(lines, number)}"
        return f"its manifest is missing; {_dated(folder)}"
    if manifest.sha256(content) != line.manifest:
        return f"its manifest is not the one of the chain; {_dated(folder / manifest.FILE)}"
    try:
        said = manifest.parse(content)["predicate"]
        beside = {
            name: manifest.digest(folder / name)
            for name in (manifest.ENVELOPE, manifest.SSH_SIGNATURE)
            if (folder / name).exists()
        }
        expected = chain.encoded(chain.of_record(said, line.manifest, beside), lines[:number])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return "its manifest cannot be read"
    if beside != line.value.get("beside"):
        return "a signature beside its manifest was changed, put in or taken away"
    if line.raw != expected:
        return "its line in the chain says something else than its manifest"
    before = next((e for e in reversed(lines[:number]) if e.kind == chain.RECORD), None)
    link = {"record": before.record, "sha256": before.manifest} if before else None
    if said.get("previous") != link or said.get("place") != number:
        return "it was closed behind another record than the one that stands before it now"
    if said.get("archive") != chain.identity(lines):
        return f"it belongs to another archive, {str(said.get('archive'))[:12]}"
    return ""


def _between(lines: Sequence[Line], number: int) -> str:
    """A removed record, as far as its neighbours tell."""
    before = next((e.record for e in reversed(lines[:number]) if e.kind == chain.RECORD), "")
    return f"it was closed after {before}" if before else "it was the first one"


def _strays(runs: Path, lines: Sequence[Line]) -> Iterator[Finding]:
    """What lies in the folder and is in no line."""
    known = {line.record for line in chain.records(lines)}
    for path in sorted(runs.iterdir()) if runs.exists() else ():
        name = path.name
        if name.startswith(DRAFT) and path.is_dir():
            what = "is unfinished: its run goes on, or was killed; the next run closes it"
            yield Finding(RECORD, name, "closed", what, WARN)
        elif name.startswith(".") or name in known or name in BESIDE_RECORDS or name == chain.FILE:
            continue
        elif (path / manifest.FILE).exists():
            what = f"was put in from elsewhere, or the chain was cut; {_dated(path)}"
            yield Finding(RECORD, name, "a line in the chain", what, FAIL)
        else:
            yield Finding(RECORD, name, "a record", f"is none; {_dated(path)}", FAIL)


def _closed(said: Mapping[str, Any]) -> str:
    return f"{said['outcome']}, {said['ended']}, by {said['operator']['name']}"
