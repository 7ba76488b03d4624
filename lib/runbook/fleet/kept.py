"""The fleet's summary record, runs/<utc>_fleet_<file>_<id>/: a record like every other one.

It is begun before the first wave, written again after each, and closed with manifest, line in the
chain and signature by what closes every record; a run that was killed is closed by the next one.
Under the chain's lock it gets the digests of all records that name the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import record
from ..audit import chain, manifest, signing
from ..errors import CheckFailed, Refused
from ..kernels import verdict
from ..records import archive, closing, provenance
from ..records.archive import Draft
from ..records.closing import DOCUMENT, RUNNING, Witnesses
from .run import Run
from .summary import causes, exit_code
from .work import PASSED

PHASE = "fleet"
_UNTOUCHED: dict[str, Any] = {"outcome": "not started", "error": None}
_STATE = "Each target's record says what state its database is in; done ones stay done."
_AGAIN = "Settle the causes and run the fleet again: only what is not through is run."


class Summary:
    """The record of a fleet's run while it goes on.

    Args:
        given: the run's parameters.
        operator: as it was given; "" is the login name.

    Raises:
        Refused: runs/ cannot be written to, or a signing key cannot be used; nothing was started.
    """

    def __init__(self, run: Run, given: Mapping[str, Any], operator: str) -> None:
        started = datetime.now(UTC)
        self._run, self._key = run, signing.key_of()
        self.runs = (run.root / "runs").resolve()
        name = archive.name(started, PHASE, run.fleet.path.stem)
        self._name = f"{name.rpartition('_')[0]}_{run.id}"
        self._document = {
            "schema": record.SCHEMA,
            "id": run.id,
            "fleet": run.id,
            "phase": PHASE,
            "target": run.fleet.path.name,
            "server": {"why": "a fleet has no server of its own: its records name theirs"},
            "outcome": RUNNING,
            "started": closing.iso(started),
            "parameters": {**given, "phases": [phase.id for phase in run.phases]},
            "operator": provenance.operator({"operator": operator}),
            "notebook": {
                "path": provenance.relative(run.fleet.path, run.root),
                "sha256": provenance.sha256(run.fleet.path),
            },
            "sources": provenance.sources(run.root),
            "git": provenance.commit(run.root),
            **provenance.software(),
        }
        record.recover(self.runs)
        self._draft: Draft = archive.begin(self.runs, self._name, {DOCUMENT: self._text()})

    def save(self) -> None:
        """Put down how far it is, for the case that this process dies."""
        archive.write(self._draft.folder / DOCUMENT, self._text())

    def close(self, error: BaseException | None = None) -> Path:
        """Complete the record; returns its folder.

        Args:
            error: what ended the run, where something did.

        Raises:
            NotArchived: the disk did not let us; says where everything is.
        """
        try:
            record.recover(self.runs)  # what a killed worker left; what still runs is locked
            ended = verdict.of(error) if error is not None else self._ended()
            document = {**self._document, **self._state(), **ended}
            document["ended"] = closing.iso(datetime.now(UTC))
            for name, left in self._records().items():
                document["targets"][name]["records"] = left
            return closing.close(self._draft, document, None, Witnesses(None, self._key))
        finally:
            archive.release(self._draft)

    @staticmethod
    def document(path: Path) -> dict[str, Any]:
        """What a closed summary says."""
        return manifest.read(path)["predicate"]

    def _text(self) -> str:
        return closing.text({**self._document, **self._state()})

    def _state(self) -> dict[str, Any]:
        run = self._run
        waves = {member.name: member.wave for member in run.fleet.members}
        return {
            "catalog": run.like.catalog if run.like else "",
            "files": {
                version: run.plan.migration(version).script.sha256
                for version in (run.like.waiting if run.like else ())
            },
            "waves": [
                {"wave": wave, "targets": len(run.fleet.wave(wave)), "token": run.token(wave)}
                for wave in range(1, run.fleet.waves + 1)
            ],
            "targets": {
                name: {
                    "wave": waves[name], "survey": seen.state,
                    **run.outcomes.get(name, _UNTOUCHED), "records": [],
                }
                for name, seen in run.seen.items()
            },
            "causes": causes(run.outcomes),
            "stopped": run.stopped,
        }  # fmt: skip

    def _ended(self) -> dict[str, Any]:
        code = exit_code(self._run)
        if not code:
            return verdict.of(None)
        through = sum(o["outcome"] in (PASSED, "done") for o in self._run.outcomes.values())
        what = f"{through} of {len(self._run.seen)} targets are through"
        what += f": {self._run.stopped}." if self._run.stopped else "."
        failed = any(o["outcome"] == "failed" for o in self._run.outcomes.values())
        kind = CheckFailed if failed or code != Refused.exit_code else Refused
        return {**verdict.of(kind(what, state=_STATE, remedy=_AGAIN)), "exit_code": code}

    def _records(self) -> dict[str, list[str]]:
        """Every record of this run by target, also of a worker that died after it."""
        found: dict[str, list[str]] = {}
        for name in chain.of_fleet(chain.read(self.runs), self._run.id):
            target = manifest.read(self.runs / name)["predicate"]["target"]
            found.setdefault(target, []).append(name)
        return found
