"""Closing a draft: its page, its digests, its name; and what a killed run left behind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from . import archive, provenance, verdict
from .archive import Draft, NotArchived
from .redact import redact_tree

NOTEBOOK, PAGE, DOCUMENT = "executed.ipynb", "record.html", "record.json"
RUNNING = "running"


def close(draft: Draft, document: dict[str, Any], nb: Any) -> Path:
    """Complete the draft and give it its name.

    Raises:
        NotArchived: the disk did not let us; says where everything is.
    """
    from .notebook import code_cells

    document.setdefault("cells", [] if nb is None else list(code_cells(nb)))
    document["seconds"] = _seconds(document["started"], document["ended"])
    document = redact_tree(document)
    try:
        _complete(draft.folder, document, nb)
        return archive.finish(draft)
    except OSError as error:
        raise _not_archived(draft, document, nb, error) from error


def left_behind(draft: Draft) -> tuple[dict[str, Any], Any]:
    """The document and notebook of a run that was killed, with the outcome that it had.

    Raises:
        ValueError, OSError: the draft holds nothing that can be read.
    """
    from . import notebook

    file, copy = draft.folder / DOCUMENT, draft.folder / NOTEBOOK
    document = json.loads(file.read_text(encoding="utf-8"))
    nb = notebook.load(copy) if copy.exists() else None
    if document["outcome"] == RUNNING:
        last = datetime.fromtimestamp((copy if copy.exists() else file).stat().st_mtime, UTC)
        cell = "" if nb is None else notebook.mark_abandoned(nb, last)
        document.update(verdict.abandoned(cell), ended=iso(last))
        document["recovered"] = iso(datetime.now(UTC))
    return document, nb


def text(document: Mapping[str, Any]) -> str:
    """record.json as it is written."""
    return json.dumps(redact_tree(document), indent=1, ensure_ascii=False, default=str) + "\n"


def iso(moment: datetime) -> str:
    """A moment in UTC as records write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _complete(folder: Path, document: dict[str, Any], nb: Any) -> None:
    from . import notebook, page

    # The outcome first: should the process die in the next line, the next run knows it.
    archive.write(folder / DOCUMENT, text(document))
    if nb is not None:
        archive.write(folder / NOTEBOOK, notebook.text(nb))
    for part in folder.glob(".*.part"):
        part.unlink()
    document["files"] = _digests(folder)
    try:
        html = page.render(document, nb)
    except Exception as error:  # a record that cannot be shown is still a record
        document["page"] = f"record.html is plain: {type(error).__name__}: {error}"
        html = (
            '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Record</title>\n'
            f"<pre>{escape(text(document))}</pre>\n"
        )
    archive.write(folder / PAGE, html)
    document["files"] = _digests(folder)
    archive.write(folder / DOCUMENT, text(document))


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: provenance.sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != DOCUMENT
    }


def _not_archived(
    draft: Draft, document: Mapping[str, Any], nb: Any, error: OSError
) -> NotArchived:
    """Save what is in memory somewhere else, and say where everything is."""
    places = [f"The unfinished record is in {draft.folder}"]
    try:
        rescue = Path(tempfile.mkdtemp(prefix=f"{draft.name}_"))
        _complete(rescue, dict(document), nb)
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
