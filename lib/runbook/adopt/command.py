"""The command: what init found, file by file, in words."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from ..cli import emit, say
from ..plan import POSTGRESQL, SUPABASE
from .init import Adopted, adopt
from .trial import DRAFTED, GIVEN

_PLATFORM = {SUPABASE: "Supabase", POSTGRESQL: "PostgreSQL"}


def init(options: argparse.Namespace) -> int:
    """Write a project from a folder of migrations; exit 3 when a file of it is not right."""
    project = Path(options.project or os.environ.get("RUNBOOK_PROJECT") or ".")
    adopted = adopt(
        Path(options.source),
        project,
        phases=options.phase,
        mend=options.mend,
        replay=not options.without_replay,
        platform=options.platform,
        applied_to=options.applied_to,
    )
    emit(_document(adopted)) if options.json else _show(adopted, project)
    return 3 if _wrong(adopted) else 0


def _wrong(adopted: Adopted) -> bool:
    return bool(adopted.faults) or any(each.failure for each in adopted.trials.values())


def _show(adopted: Adopted, project: Path) -> None:
    count = len(adopted.entries)
    if count:
        say(f"{count} migrations of {adopted.folder.path}, read as {adopted.folder.style} files")
    else:
        say(f"{adopted.folder.path}: a project without a migration yet")
    why = "" if adopted.platform == SUPABASE else ": no file speaks of Supabase's roles or schemas"
    say(f"  platform: {_PLATFORM[adopted.platform]}{why} (--platform says otherwise)")
    for notice in adopted.folder.notices:
        say(f"  {notice}")
    if adopted.before:
        say(f"  baseline: {len(adopted.before)} files, up to {adopted.before[-1].file}")
    for number, group in enumerate(adopted.groups, start=1):
        risks = Counter(adopted.entries[each.version].risk for each in group.files)
        said = ", ".join(f"{risks[r]} {r}" for r in ("low", "medium", "high") if risks[r])
        say(f"  phase {number}  {group.title}: {len(group.files)} files, risk: {said}")
    own = [entry for entry in adopted.entries.values() if entry.own]
    if own:
        say(f'  {len(own)} commit in their middle (transaction = "own")')
    _faults(adopted)
    bare = [
        e.version for e in adopted.entries.values() if any("Verify will" in r for r in e.remarks)
    ]
    if bare:
        more = f" and {len(bare) - 5} more" if bare[5:] else ""
        say(f"  verify will stop at {', '.join(bare[:5])}{more}: tables in public without row level"
            " security; plan.toml names them")  # fmt: skip
    left_out = any(fault.left_out for fault in adopted.faults)
    if left_out and adopted.folder.path.resolve() == (project / "migrations").resolve():
        say("  Move what was left out away from migrations/: the plan refuses it there.")
    _trials(adopted)
    kinds = Counter(str(Path(name).parent) for name in adopted.written)
    say("\nWritten: " + ", ".join(f"{n} in {kind}/" for kind, n in sorted(kinds.items())))
    if adopted.before:
        say(f"Next: runbook reconcile --project {project} --target env:VAR   (what another tool's"
            " history says; --mode apply makes it rows of this one's)")  # fmt: skip
        return
    if not count:
        say(f"Next: runbook new create_customers --project {project}")
        return
    say(f"Next: runbook run --project {project}   (on the embedded server; on one of yours, looking"
        " only: --target env:VAR)")  # fmt: skip


def _faults(adopted: Adopted) -> None:
    mended = [found for found in adopted.folder.files if found.mended]
    for found in mended:
        say(f"  mended      {found.file}: {found.mended}")
    for fault in adopted.faults:
        word = "left out" if fault.left_out else "unreadable"
        say(f"  {word:<10}  {fault.file}: {fault.says}.")
        if fault.remedy:
            say(f"              {fault.remedy}")
    if any(not fault.left_out for fault in adopted.faults):
        say("  An unreadable file has its place in the plan; a run stops before its phase until it"
            " is mended in migrations/.")  # fmt: skip


def _trials(adopted: Adopted) -> None:
    if not adopted.trials:
        return
    known = [*adopted.before, *(each for group in adopted.groups for each in group.files)]
    files = {each.version: each.target for each in known}
    failed = {version: t for version, t in adopted.trials.items() if t.failure}
    held = Counter(t.rollback for t in adopted.trials.values() if not t.why_not)
    say(f"  {len(adopted.trials) - len(failed)} of {len(adopted.trials)} ran in order on an empty"
        f" {_PLATFORM[adopted.platform]} database; {held[DRAFTED]} rollbacks drafted and seen to"
        f" hold, {held[GIVEN]} of the project's own hold")  # fmt: skip
    for version, tried in adopted.trials.items():
        risk = adopted.entries[version].risk
        if tried.failure:
            say(f"  fails       {files[version]}: {tried.failure}")
        elif tried.why_not and tried.rollback == GIVEN:
            say(f"  rollback    {files[version]}: does not hold: {tried.why_not}")
        elif tried.why_not:
            needs = "; needs one before it can run (risk: high)" if risk == "high" else ""
            say(f"  rollback    {files[version]}: none drafted: {tried.why_not}{needs}")
    if any("does not exist" in (tried.failure or "") for tried in failed.values()):
        say(
            "  Is what does not exist in none of your files? Then they begin on a database that has"
        )
        say("  it: `runbook rehearse --target env:VAR` tries them on a copy of its schema.")


def _document(adopted: Adopted) -> dict:
    return {
        "style": adopted.folder.style,
        "platform": adopted.platform,
        "baseline": [found.version for found in adopted.before],
        "phases": [
            {"id": each.id, "title": each.title, "notebook": each.notebook,
             "versions": [found.version for found in each.files]}
            for each in adopted.groups
        ],
        "migrations": [
            {**vars(entry), "trial": vars(adopted.trials[version]) if version in adopted.trials
             else None}
            for version, entry in adopted.entries.items()
        ],
        "faults": [vars(fault) for fault in adopted.faults],
        "notices": list(adopted.folder.notices),
        "written": adopted.written,
    }  # fmt: skip
