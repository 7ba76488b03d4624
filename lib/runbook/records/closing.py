"""Closing a draft: its page, its manifest, its place in the chain; what a killed run left behind.

In this order, so that it can be stopped anywhere: outcome, page, manifest, the chain's line, the
name. Before the line the draft can be closed again by the next run; from the line on it is closed,
and the next run gives it its name.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..audit import chain, evidence, manifest, people, scan, signing, witness
from ..kernels import verdict
from ..redact import redact_tree
from . import archive, journal, unfinished
from .archive import Draft, NotArchived

if TYPE_CHECKING:
    from ..target import Target

PAGE, DOCUMENT = "record.html", "draft.json"
RUNNING = "running"


@dataclass(frozen=True)
class Witnesses:
    """Who else can tell about a record.

    Fields:
        target: where it ran; asked for its identity and its ledger.
        key: signs the manifest.
    """

    target: Target | None = None
    key: signing.Key | None = None


def close(
    draft: Draft, document: dict[str, Any], nb: Any, witnesses: Witnesses | None = None
) -> Path:
    """Complete the draft and give it its name.

    Raises:
        SecretFound: something in it looks like a secret, or is one of this environment's.
        NotArchived: the disk did not let us; says where everything is.
    """
    from ..kernels.notebook import code_cells

    witnesses = witnesses or Witnesses()
    document.setdefault("cells", [] if nb is None else list(code_cells(nb)))
    document["seconds"] = _seconds(document["started"], document["ended"])
    try:
        # The outcome first: should the process die in the next line, the next run knows it.
        archive.write(draft.folder / DOCUMENT, text(document))
        events = journal.read(draft.folder)
        asked = witness.ask(witnesses.target, document, events)
        document["server"] = {**document.get("server", {}), **asked.server}
        document |= {"ledger": asked.ledger, "log": list(asked.log), **evidence.predicate(events)}
        document = redact_tree({**document, "record": draft.name})
        document["error"] = people.hidden(document["error"])
        _complete(draft.folder, document, nb)
        scan.require_clean(draft.folder, without={DOCUMENT})
        with chain.locked(draft.folder.parent):
            record = _chained(draft, document, witnesses.key)
            (draft.folder / DOCUMENT).unlink()
            return archive.finish(draft, record)
    except OSError as error:
        raise _not_archived(draft, document, nb, error) from error


def chained(draft: Draft) -> Path | None:
    """The place of a draft whose line is in the chain already; None while it has none."""
    runs = draft.folder.parent
    with chain.locked(runs):
        try:
            content = (draft.folder / manifest.FILE).read_bytes()
        except FileNotFoundError:
            return None
        made = manifest.sha256(content)
        line = next((each for each in chain.read(runs) if each.manifest == made), None)
        if line is None:
            return None
        (draft.folder / DOCUMENT).unlink(missing_ok=True)
        return archive.finish(draft, line.record)


def left_behind(draft: Draft) -> tuple[dict[str, Any], Any]:
    """The document and notebook of a run that was killed, with the outcome that it had.

    Raises:
        ValueError, OSError: the draft holds nothing that can be read.
    """
    from ..kernels import notebook

    file = draft.folder / DOCUMENT
    document = json.loads(file.read_text(encoding="utf-8"))
    nb = unfinished.read(draft.folder)
    if document["outcome"] == RUNNING:
        saved = unfinished.last_saved(draft.folder) or file.stat().st_mtime
        last = datetime.fromtimestamp(saved, UTC)
        cell = "" if nb is None else notebook.mark_abandoned(nb, last)
        ran = "the fleet" if "targets" in document else "the notebook"
        document.update(verdict.abandoned(cell, ran), ended=iso(last))
        document["recovered"] = iso(datetime.now(UTC))
    return document, nb


def text(document: Mapping[str, Any]) -> str:
    """The draft's document as it is written."""
    return json.dumps(redact_tree(document), indent=1, ensure_ascii=False, default=str) + "\n"


def iso(moment: datetime) -> str:
    """A moment in UTC as records write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _complete(folder: Path, document: dict[str, Any], nb: Any) -> None:
    """Write the notebook and the page."""
    from ..kernels import notebook
    from . import page

    if nb is not None:
        unfinished.whole(folder, notebook.text(nb))
    for part in folder.glob(".*.part"):
        part.unlink()
    files = {
        name: manifest.digest(folder / name)
        for name in manifest.names(folder)
        if name not in (DOCUMENT, PAGE)
    }
    try:
        html = page.render(document, nb, files=files, events=journal.read(folder))
    except Exception as error:  # a record that cannot be shown is still a record
        document["page"] = f"record.html is plain: {type(error).__name__}: {error}"
        html = (
            '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Record</title>\n'
            f"<pre>{escape(text(document))}</pre>\n"
        )
    archive.write(folder / PAGE, html)


def _chained(draft: Draft, document: dict[str, Any], key: signing.Key | None) -> str:
    """Write the manifest, what is signed of it, and its line; returns the record's name."""
    runs = draft.folder.parent
    lines = chain.begun(runs)
    record = archive.free_name(draft)
    last = next(iter(reversed(chain.records(lines))), None)
    document |= {
        "record": record,
        "archive": chain.identity(lines),
        "place": len(lines),
        "previous": {"record": last.record, "sha256": last.manifest} if last else None,
    }
    if "targets" in document:  # a fleet's summary: under the lock, so that none is missing
        document["records"] = chain.of_fleet(lines, document["fleet"])
    content = manifest.text(draft.folder, document, without=frozenset((DOCUMENT,))).encode()
    archive.write(draft.folder / manifest.FILE, content)
    beside = {}
    for name, signature in signing.signatures(content, key).items():
        archive.write(draft.folder / name, signature)
        beside[name] = manifest.sha256(signature)
    chain.append(runs, lines, chain.of_record(document, manifest.sha256(content), beside))
    return record


def _not_archived(
    draft: Draft, document: Mapping[str, Any], nb: Any, error: OSError
) -> NotArchived:
    """Save what is in memory somewhere else, and say where everything is."""
    places = [f"The unfinished record is in {draft.folder}"]
    try:
        rescue = Path(tempfile.mkdtemp(prefix=f"{draft.name}_"))
        copy = {**document, "record": draft.name, "archive": "", "previous": None}
        _complete(rescue, copy, nb)
        archive.write(rescue / manifest.FILE, manifest.text(rescue, copy, without=frozenset()))
        places.append(f"a complete copy is in {rescue}")
    except OSError:
        pass
    why = (error.strerror or str(error)).rstrip(".")
    told = document.get("error") or {}
    return NotArchived(
        f"The notebook {verdict.VERDICTS[document['outcome']]}; "
        f"its record could not be archived: {why}." + (f" {told['what']}" if told else ""),
        state=told.get("state") or "The database holds what the notebook did; that is not undone.",
        remedy=f"{'; '.join(places)}. Make {draft.folder.parent} writable or make room: the next "
        "run archives it.",
    )


def _seconds(started: str, ended: str) -> float:
    return round(
        (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds(), 3
    )
