"""`runbook init`: a project, written from a folder of migrations; nothing is overwritten.

Everything is written into a folder of its own first, read back as a plan, and only then moved into
place: an interrupt or a refusal leaves the project as it was.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from .. import embedded
from ..errors import FileInvalid, Refused
from ..notebooks import write_notebooks
from ..plan import SUPABASE, Migration
from ..plan_file import read_plan
from ..promises.book import Promise
from . import trial as trials
from .grouping import Group, group
from .judged import judged, skeleton, tables, transaction
from .nothing_yet import beginning, held, spoken_of
from .plan_text import Entry, plan_text
from .references import Authors
from .sources import Fault, Folder, Found, find
from .trial import Trial


@dataclass
class Adopted:
    """What init found and wrote.

    Fields:
        platform: what plan.toml says of it.
        before: the baseline: what production holds.
        written: paths below the project, in order.
        entries, trials: by version; no trials where none was asked for.
    """

    folder: Folder
    groups: list[Group]
    entries: dict[str, Entry]
    faults: list[Fault]
    platform: str = SUPABASE
    before: tuple[Found, ...] = ()
    trials: dict[str, Trial] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


def adopt(
    source: Path,
    project: Path,
    *,
    phases: Sequence[str] = (),
    mend: bool = False,
    replay: bool = True,
    platform: str = "",
    applied_to: str = "",
) -> Adopted:
    """Write the project.

    Args:
        source: the folder of migrations, or the project that holds it.
        project: where migrations/ and notebooks/ go; may be the source's own project.
        phases: NAME=FIRST..LAST each.
        mend: write files with a byte order mark or CRLF as plain UTF-8.
        replay: run everything on a scratch database, to find what fails and to prove rollbacks.
        platform: supabase or postgresql; "" is what the files speak of.
        applied_to: the last version that production holds: up to it, the baseline.

    Raises:
        Refused: nothing to adopt, a bad --phase, or a file that would be overwritten.
    """
    folder = beginning(source, project) or find(source, mend=mend)
    _require_free(project, ["migrations/plan.toml"], "is there already")
    project.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".runbook-init-", dir=project))
    try:
        given = _Given(phases, replay, platform, applied_to)
        adopted = _staged(folder, stage, project, given)
        staged = sorted(p.relative_to(stage) for p in stage.rglob("*") if p.is_file())
        same = {path for path in staged if _same(stage / path, project / path)}
        new = [path for path in staged if path not in same]
        _require_free(project, [str(path) for path in new], "would be overwritten")
        for path in new:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).rename(project / path)
        for name in ("rollback", "tests"):
            (project / "migrations" / name).mkdir(exist_ok=True)
        adopted.written = [str(path) for path in new]
        return adopted
    finally:
        shutil.rmtree(stage, ignore_errors=True)


class _Given(NamedTuple):
    """What adopt() was asked for."""

    phases: Sequence[str]
    replay: bool
    platform: str
    applied_to: str


def _staged(folder: Folder, stage: Path, project: Path, given: _Given) -> Adopted:
    migrations = stage / "migrations"
    for name in ("rollback", "tests"):
        (migrations / name).mkdir(parents=True)
    faults, kept = list(folder.faults), []
    entries: dict[str, Entry] = {}
    readable: list[tuple[Migration, Found]] = []
    for found in folder.files:
        migration = _written(found, migrations, folder.path)
        fault = _unreadable(migration, found)
        if fault is None:
            migration = _divided(migration)
            fault = _unreadable(migration, found)
        if fault and fault.left_out:
            migration.path.unlink()
            migration.rollback.unlink(missing_ok=True)
        else:
            kept.append(found)
        if fault:
            faults.append(fault)
            entries[found.version] = _entry_of_fault(found, fault)
        else:
            readable.append((migration, found))
    platform = given.platform or spoken_of(folder.path, [m.script for m, _ in readable])
    authors, read = Authors(), list[Migration]()
    for migration, found in readable:
        entry = _entry(migration, found, authors, platform)
        entries[found.version] = entry
        read.append(_ready(migration, entry, platform))
    if faults and not kept:
        raise Refused(
            f"None of the files in {folder.path} can be adopted:"
            f" {faults[0].file}: {faults[0].says}.",
            remedy=faults[0].remedy,
        )
    entries = {found.version: entries[found.version] for found in kept}
    before = held(kept, given.applied_to)
    groups = group(kept[len(before) :], given.phases)
    adopted = Adopted(folder, groups, entries, faults, platform, tuple(before))
    if given.replay and read:
        adopted.trials = trials.replay(embedded.home(project, platform), read)
    for version, tried in adopted.trials.items():
        remarks = (*entries[version].remarks, *_remarks(tried))
        entries[version] = replace(entries[version], remarks=remarks)
    text = plan_text(_project_name(project), groups, entries, faults, platform, before)
    (migrations / "plan.toml").write_text(text, encoding="utf-8")
    write_notebooks(read_plan(stage), stage / "notebooks")
    return adopted


def _written(found: Found, folder: Path, source: Path) -> Migration:
    """The file in its place, with the companions that lie beside it in the source already."""
    path = folder / found.target
    path.write_bytes(found.up)
    migration = Migration(found.version, found.name, path)
    if found.down is not None and found.down.strip():
        migration.rollback.write_bytes(found.down)
    for place in (migration.rollback, migration.scenario):
        companion = source / place.parent.name / found.file
        if companion.is_file():
            place.write_bytes(companion.read_bytes())
    return migration


def _unreadable(migration: Migration, found: Found) -> Fault | None:
    """What keeps the file from being read as SQL; its transaction control not counted."""
    try:
        _ = migration.script
    except FileInvalid as error:
        if any(word in error.what for word in _DIVIDES) and migration.transaction == "one":
            return None
        says = error.what.removeprefix(migration.file).lstrip(",: ").rstrip(".")
        empty = "contains no SQL statement" in error.what
        return Fault(found.file, says, "" if empty else error.remedy, left_out=empty)
    return None


_DIVIDES = ("BEGIN inside the file", "START inside the file", "COMMIT inside the file")


def _divided(migration: Migration) -> Migration:
    """The migration with `transaction = "own"` where it cannot be read without."""
    try:
        _ = migration.script
        return migration
    except FileInvalid:
        return replace(migration, transaction="own")


def _entry(migration: Migration, found: Found, authors: Authors, platform: str) -> Entry:
    level, why = judged(migration, authors.replaced(migration.script))
    requires = authors.requires(migration.script)
    promised = authors.add(migration.version, migration.script)
    remarks = tuple(
        f"line {migration.script.statements[number].line} begins a transaction of its own: {why}"
        for number, why in migration.script.begins
        if migration.transaction == "one"
    )
    bare = [p.object for p in promised if platform == SUPABASE and _served_without_rls(p)]
    if bare:
        remarks += (f"Verify will stop here: no row level security on {', '.join(bare)}.",)
    if found.mended:
        remarks = (f"Mended: {found.mended}.", *remarks)
    own = transaction(migration, migration.transaction == "own")
    return Entry(migration.version, level, why, requires, tables(migration), own, remarks)


def _served_without_rls(each: Promise) -> bool:
    """Whether the API would serve a table of this file to everybody; verify says FAIL to that."""
    served = each.kind == "table" and each.created and each.present and each.names[0] == "public"
    return served and not each.properties.get("rls")


def _entry_of_fault(found: Found, fault: Fault) -> Entry:
    remark = f"Cannot be read yet: {fault.says}. {fault.remedy}"
    return Entry(found.version, "high", "Not known: the file cannot be read.", remarks=(remark,))


def _ready(migration: Migration, entry: Entry, platform: str) -> Migration:
    """With what the plan will say of it, its file parsed only once; its scenario written."""
    ready = replace(migration, risk=entry.risk, why=entry.why, tables=entry.tables)
    vars(ready)["script"] = migration.script
    text = skeleton(migration, platform)
    if text and not ready.scenario.exists():
        ready.scenario.write_text(text, encoding="utf-8")
    return ready


def _remarks(tried: Trial) -> list[str]:
    if tried.failure:
        return [f"Fails on an empty database: {tried.failure}."]
    if tried.why_not and tried.rollback == trials.GIVEN:
        return [f"Its rollback does not hold: {tried.why_not}."]
    if tried.why_not:
        return [f"No rollback could be drafted: {tried.why_not}."]
    return []


def _project_name(project: Path) -> str:
    return project.resolve().name or "Project"


def _same(staged: Path, present: Path) -> bool:
    """Whether the file is there already, byte for byte: the source of an adoption in place."""
    return present.is_file() and staged.read_bytes() == present.read_bytes()


def _require_free(project: Path, names: Sequence[str], says: str) -> None:
    taken = [name for name in names if (project / name).exists()]
    if taken:
        shown = ", ".join(taken[:10]) + (f" and {len(taken) - 10} more" if taken[10:] else "")
        raise Refused(
            f"{shown} {says}.",
            state="Nothing was written.",
            remedy="Move them away, or name another folder: --project DIR.",
        )
