"""Read migrations/plan.toml and hold it against the folder beside it.

Reading is strict: an unknown key, a file without an entry or an entry without a file is an error
that names the file and the line or key, because a typing mistake here decides what reaches
production.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from .errors import PlanInvalid
from .performance import thresholds
from .performance.thresholds import Thresholds
from .plan import PLATFORMS, PROOFS, RISKS, TRANSACTIONS, Criterion, Migration, Phase, Plan

_PLAN_KEYS = {"project", "platform", "baseline", "phase", "criteria", "performance"}
_PHASE_KEYS = {"id", "title", "notebook", "criteria", "migration"}
_MIGRATION_KEYS = {"version", "risk", "why", "requires", "tables", "may_lose", "transaction"}
_CRITERION_KEYS = {"says", "proved_by"}


def read_plan(root: Path, *, known: Plan | None = None) -> Plan:
    """Read <root>/migrations/plan.toml and check it against the folder.

    Args:
        root: the project: the folder that holds migrations/ and notebooks/.
        known: a plan of this project, given back while nothing of what it says has changed.

    Raises:
        PlanInvalid: with the file and the line or key.
    """
    path = root / "migrations" / "plan.toml"
    text = _text(path)
    files = tuple(sorted(name for name in os.listdir(path.parent) if name.endswith(".sql")))
    if known is not None and known.source == (text, files):
        return known
    plan = _read(root, text, files)
    # New ones: a migration keeps what it read of its file.
    phases = (replace(p, migrations=tuple(map(replace, p.migrations))) for p in plan.phases)
    return replace(plan, baseline=tuple(map(replace, plan.baseline)), phases=tuple(phases))


@lru_cache(maxsize=4)
def _read(root: Path, text: str, files: tuple[str, ...]) -> Plan:
    return _Reader(text).plan(root, files)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PlanInvalid(
            f"There is no {path}.",
            remedy="Run this in the project's folder, or name it: --project DIR.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PlanInvalid(f"{path} cannot be read: {error}.") from None


class _Reader:
    """One reading of one plan.toml; it knows the text, so that errors can name a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PlanInvalid(
                f"migrations/plan.toml is not TOML: {error}.",
                remedy="Mend the plan and run this again.",
            ) from None

    def plan(self, root: Path, there: Sequence[str]) -> Plan:
        self.known_keys(self.table, _PLAN_KEYS, "the top level")
        self.names: Counter[str] = Counter()
        files = self.files([root / "migrations" / name for name in there])
        baseline = tuple(
            self.of_file(self.take(files, version, "baseline"))
            for version in self.strings(self.table, "baseline", "the top level")
        )
        phases = tuple(
            self.phase(entry, files) for entry in self.tables(self.table, "phase", "the top level")
        )
        if files:
            version, orphan = next(iter(files.items()))
            raise PlanInvalid(
                f"migrations/{orphan.name} has no entry in migrations/plan.toml.",
                remedy=f'Add it to a phase ([[phase.migration]] version = "{version}") or move it.',
            )
        plan = Plan(
            project=self.string(self.table, "project", "the top level"),
            root=root,
            baseline=baseline,
            phases=phases,
            criteria=self.criteria(self.table, "the top level"),
            performance=self.performance(),
            platform=self.one_of(PLATFORMS, self.table, "platform", "the plan", PLATFORMS[0]),
            source=(self.text, tuple(there)),
        )
        self.unique([phase.id for phase in phases], "phase id")
        self.order(plan)
        return plan

    def performance(self) -> Thresholds:
        entry = self.table.get("performance", {})
        if not isinstance(entry, dict):
            raise self.error("performance must be a table: [performance]", "performance")
        try:
            return thresholds.read(entry)
        except ValueError as error:
            key, said = error.args
            raise self.error(said, key) from None

    def files(self, there: Sequence[Path]) -> dict[str, Path]:
        """The folder's migrations by version; two files of one version are an error."""
        found: dict[str, Path] = {}
        for path in there:
            version, separator, name = path.stem.partition("_")
            if not (separator and version.isdecimal() and version.isascii()):
                if path.name != "seed.sql":
                    raise PlanInvalid(
                        f"migrations/{path.name} is not named <digits>_<name>.sql, so the Supabase"
                        " CLI would skip it.",
                        remedy="Rename it, or move it out of migrations/.",
                    )
                continue
            if version in found:
                raise PlanInvalid(
                    f"migrations/{found[version].name} and migrations/{path.name} both have"
                    f" version {version}.",
                    remedy="Give one of them a version of its own.",
                )
            found[version] = path
            self.names[name] += 1
        return found

    def phase(self, entry: dict[str, Any], files: dict[str, Path]) -> Phase:
        name = self.string(entry, "id", "a [[phase]]")
        where = f"phase {name!r}"
        self.known_keys(entry, _PHASE_KEYS, where)
        return Phase(
            id=name,
            title=self.string(entry, "title", where),
            notebook=self.string(entry, "notebook", where),
            criteria=self.criteria(entry, where),
            migrations=self.migrations(entry, name, files),
        )

    def migrations(
        self, entry: dict[str, Any], phase: str, files: dict[str, Path]
    ) -> tuple[Migration, ...]:
        where = f"phase {phase!r}"
        items = self.tables(entry, "migration", where)
        if not items:
            raise self.error(f"{where} has no migration", f'"{phase}"')
        return tuple(self.migration(item, phase, files) for item in items)

    def migration(self, entry: dict[str, Any], phase: str, files: dict[str, Path]) -> Migration:
        version = self.string(entry, "version", f"phase {phase!r}")
        where = f"migration {version}"
        self.known_keys(entry, _MIGRATION_KEYS, where)
        risk = self.one_of(RISKS, entry, "risk", where)
        transaction = self.one_of(TRANSACTIONS, entry, "transaction", where, TRANSACTIONS[0])
        return self.of_file(
            self.take(files, version, where),
            transaction=transaction,
            phase=phase,
            risk=risk,
            why=self.string(entry, "why", where),
            requires=tuple(self.strings(entry, "requires", where)),
            tables=tuple(self.strings(entry, "tables", where)),
            may_lose=tuple(self.strings(entry, "may_lose", where)),
        )

    def of_file(self, path: Path, **said: Any) -> Migration:
        version, _, name = path.stem.partition("_")
        return Migration(version, name, path, repeated=self.names[name] > 1, **said)

    def take(self, files: dict[str, Path], version: str, where: str) -> Path:
        """The file of this version, which no later entry may claim."""
        if version not in files:
            raise self.error(
                f"{where} names version {version}, and there is no file migrations/{version}_….sql"
                " left for it (missing, or named twice)",
                version,
            )
        return files.pop(version)

    def order(self, plan: Plan) -> None:
        """Every requirement is known, comes earlier, and nothing requires itself in a circle."""
        position = {m.version: place for place, m in enumerate(plan.everything)}
        for migration in plan.migrations:
            for version in migration.requires:
                if version not in position:
                    raise self.error(
                        f"migration {migration.version} requires {version}, which is not in the"
                        " plan",
                        version,
                    )
        try:
            graph = {m.version: m.requires for m in plan.migrations}
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise self.error(f"migrations require each other in a circle: {circle}") from None
        for migration in plan.migrations:
            for version in migration.requires:
                if position[version] > position[migration.version]:
                    raise self.error(
                        f"migration {migration.version} requires {version}, which the plan applies"
                        " after it",
                        migration.version,
                    )

    def criteria(self, entry: dict[str, Any], where: str) -> tuple[Criterion, ...]:
        found = []
        for item in self.tables(entry, "criteria", where):
            self.known_keys(item, _CRITERION_KEYS, f"a criterion of {where}")
            proof = self.string(item, "proved_by", f"a criterion of {where}")
            if proof.partition(":")[0] not in PROOFS:
                raise self.error(
                    f"proved_by {proof!r} of {where} is no proof (known: {', '.join(PROOFS)})",
                    f'"{proof}"',
                )
            found.append(Criterion(self.string(item, "says", f"a criterion of {where}"), proof))
        return tuple(found)

    def known_keys(self, entry: dict[str, Any], known: set[str], where: str) -> None:
        for key in entry:
            if key not in known:
                said = f"{where} has an unknown key {key!r} (known: {', '.join(sorted(known))})"
                raise self.error(said, key, entry)

    def string(self, entry: dict[str, Any], key: str, where: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f'{where} needs {key} = "…"', key if key in entry else "", entry)
        return value

    def one_of(
        self, known: Sequence[str], entry: dict[str, Any], key: str, where: str, default: str = ""
    ) -> str:
        value = self.string(entry if key in entry or not default else {key: default}, key, where)
        if value not in known:
            said = f"{key} {value!r} of {where} is none of {', '.join(known)}"
            raise self.error(said, f'"{value}"', entry)
        return value

    def strings(self, entry: dict[str, Any], key: str, where: str) -> Iterator[str]:
        value = entry.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key} of {where} must be a list of strings", key, entry)
        return iter(value)

    def tables(self, entry: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
        value = entry.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            said = f"{key} of {where} must be a list of tables ([[{key}]], or {{ … }} in brackets)"
            raise self.error(said, key, entry)
        return value

    def unique(self, names: list[str], what: str) -> None:
        for name, times in Counter(names).items():
            if times > 1:
                raise self.error(f"{what} {name!r} is used twice", f'"{name}"')

    def error(
        self, message: str, near: str = "", entry: dict[str, Any] | None = None
    ) -> PlanInvalid:
        """A PlanInvalid; its line is the first one that holds `near`, from the entry's own on."""
        start = self.start(entry or {})
        found = self.text.find(near, start) if near else start
        place = "migrations/plan.toml"
        if found > 0:
            place += f", line {self.text.count(chr(10), 0, found) + 1}"
        return PlanInvalid(f"{place}: {message}.", remedy="Mend the plan and run this again.")

    def start(self, entry: dict[str, Any]) -> int:
        """Where a phase's or migration's own lines begin; 0 where that cannot be said."""
        for key, header in (("version", "[[phase.migration]]"), ("id", "[[phase]]")):
            value = entry.get(key)
            named = (
                re.search(rf'^\s*{key}\s*=\s*["\']{re.escape(value)}["\']', self.text, re.M)
                if isinstance(value, str)
                else None
            )
            if named:
                return max(self.text.rfind(header, 0, named.start()), 0)
        return 0
