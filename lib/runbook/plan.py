"""The plan as frozen values: Plan → Phase → Migration.

Which files belong to which phase, in which order, what each needs and how risky it is. `plan_file`
reads them from migrations/plan.toml.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PlanInvalid
from .performance.thresholds import Thresholds

if TYPE_CHECKING:
    from .sql import Script

RISKS = ("low", "medium", "high")
SUPABASE, POSTGRESQL = PLATFORMS = ("supabase", "postgresql")
# one: the whole file; own: the file's BEGIN and COMMIT divide it.
TRANSACTIONS = ("one", "own")
# The names that a phase's notebook uses itself.
_TAKEN = {"phase", "target", "mode", "approve", "operator", "lock_timeout_ms", "open_phase"}
_ID = re.compile(
    r"[A-Za-z0-9_-]{1,45}"
).fullmatch  # nbformat allows 64, and the longest ending is 18
# What may prove a success criterion; `criteria` says how.
PROOFS = ("history", "verify", "scenario", "baseline", "validation")


@dataclass(frozen=True)
class Migration:
    """One file of migrations/ and what the plan says of it.

    Fields:
        version, name: the two halves of the file's name.
        path: the file; `rollback` and `scenario` stand in their sub-folders under the same name.
        phase: id of its phase, "" for a baseline migration.
        risk: low · medium · high; `why` says why, in one sentence.
        requires: versions that must be applied before it.
        tables: the tables it creates, schema-qualified.
        may_lose: existing tables that it is meant to take rows from.
        transaction: one · own: whether the file's own BEGIN and COMMIT divide it.
        repeated: whether another migration has the same name.
    """

    version: str
    name: str
    path: Path
    phase: str = ""
    risk: str = "low"
    why: str = ""
    requires: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    may_lose: tuple[str, ...] = ()
    transaction: str = "one"
    repeated: bool = False

    @property
    def file(self) -> str:
        """The path as people know it: migrations/<version>_<name>.sql."""
        return f"migrations/{self.path.name}"

    @property
    def variable(self) -> str:
        """What a notebook calls its step: the name where Python allows it."""
        usable = self.name.isidentifier() and not keyword.iskeyword(self.name)
        return self.anchor if usable and self.name not in _TAKEN else f"m{self.version}"

    @property
    def anchor(self) -> str:
        """The first half of its cells' ids: the name where nbformat allows it."""
        return self.name if self._telling and _ID(self.name) else f"m{self.version}"

    @property
    def key(self) -> str:
        """What a phase finds it by: the name where it tells this migration from all others."""
        return self.name if self._telling else self.version

    @property
    def _telling(self) -> bool:
        return not self.repeated and self.name.isprintable() and not set('"\\') & set(self.name)

    @property
    def rollback(self) -> Path:
        return self.path.parent / "rollback" / self.path.name

    @property
    def scenario(self) -> Path:
        return self.path.parent / "tests" / self.path.name

    @cached_property
    def script(self) -> Script:
        """The file, read and split once; raises FileInvalid."""
        from .sql import read_script  # the parser: a plan can be known without it

        return read_script(self.path, shown=self.file, own=self.transaction == "own")

    def __str__(self) -> str:
        return f"{self.version}_{self.name}"


@dataclass(frozen=True)
class Criterion:
    """One sentence of the plan's success criteria and what proves it."""

    says: str
    proved_by: str


@dataclass(frozen=True)
class Phase:
    """Migrations that are applied together, in order, from one notebook."""

    id: str
    title: str
    notebook: str
    migrations: tuple[Migration, ...]
    criteria: tuple[Criterion, ...] = ()

    @cached_property
    def _named(self) -> dict[str, Migration]:
        return _by_name(self.migrations, lambda m: (m.key, m.version))

    def __getitem__(self, name: str) -> Migration:
        if name in self._named:
            return self._named[name]
        known = ", ".join(migration.key for migration in self.migrations)
        raise PlanInvalid(
            f"Phase {self.id!r} has no migration {name!r}.", remedy=f"It has: {known}."
        )


def _by_name(
    migrations: Iterable[Migration], names: Callable[[Migration], Iterable[str]]
) -> dict[str, Migration]:
    """Each name, and the first migration that has it."""
    found: dict[str, Migration] = {}
    for migration in migrations:
        for name in names(migration):
            found.setdefault(name, migration)
    return found


@dataclass(frozen=True)
class Plan:
    """Everything under a project's migrations/, in the order in which it is applied.

    Fields:
        source: what it was read from: the text of plan.toml, the names of the files beside it.
    """

    project: str
    root: Path = field(repr=False)
    baseline: tuple[Migration, ...]
    phases: tuple[Phase, ...]
    criteria: tuple[Criterion, ...] = ()
    performance: Thresholds = field(default_factory=Thresholds)
    platform: str = SUPABASE
    source: tuple[str, tuple[str, ...]] = field(default=("", ()), repr=False, compare=False)

    @cached_property
    def migrations(self) -> tuple[Migration, ...]:
        """The phases' migrations, in order; the baseline is not among them."""
        return tuple(migration for phase in self.phases for migration in phase.migrations)

    @cached_property
    def everything(self) -> tuple[Migration, ...]:
        """Baseline and phases."""
        return self.baseline + self.migrations

    @cached_property
    def _named(self) -> dict[str, Migration]:
        return _by_name(self.everything, lambda m: (m.version, m.key, str(m)))

    @property
    def seed(self) -> Path:
        """The embedded default's existing rows; may be missing."""
        return self.root / "migrations" / "seed.sql"

    def phase(self, wanted: str) -> Phase:
        """The phase with this id, number (from 1) or notebook name."""
        for number, phase in enumerate(self.phases, start=1):
            if wanted in (phase.id, str(number), phase.notebook, Path(phase.notebook).stem):
                return phase
        known = ", ".join(phase.id for phase in self.phases)
        raise PlanInvalid(
            f"The plan has no phase {wanted!r}.",
            remedy=f"It has: {known}. Its number or its notebook's name will do; the baseline and"
            " the validation run where no phase is named.",
        )

    def migration(self, version: str) -> Migration:
        """The migration with this version or name."""
        if version in self._named:
            return self._named[version]
        raise PlanInvalid(
            f"The plan has no migration {version!r}.",
            remedy="`runbook status` lists the versions it has.",
        )
