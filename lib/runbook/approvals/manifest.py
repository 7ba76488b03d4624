"""What a plan token covers, kept beside the records: runs/plans/<token>.json.

The token alone decides: it is a hash, and opens nothing but what it was made from. The manifest
only helps to say what is not as it was: which file, which object, which database. It holds names
and digests. Where it is missing (the check was made elsewhere), less can be said.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..catalog import Catalog, fingerprint
from ..plan import Migration
from ..promises.names import identity as shown
from ..records import archive
from ..target import Identity, Target
from .person import Person

_MOST = 5


@dataclass(frozen=True)
class Manifest:
    """What a token was made from.

    Fields:
        token, target: the word, and the target's name as it was given.
        system, database, role: what the server said of itself.
        catalog: the fingerprint.
        files: version to path and what is approved of it, in order.
        checked: who made the check.
        objects: digest of each object's definition, by its name in words.
    """

    token: str
    target: str
    system: str
    database: str
    role: str
    catalog: str
    files: Mapping[str, Sequence[str]]
    checked: Mapping[str, str]
    objects: Mapping[str, str] = field(repr=False)

    def text(self) -> str:
        """What it covers, in words."""
        system = f" of system {self.system}" if self.system else ""
        lines = [
            f"database {self.database}{system}, as role {self.role}",
            f"its catalog: {len(self.objects)} objects, fingerprint {self.catalog[:16]}…",
            *(f"{path}  sha256 {_in_words(approved)}" for path, approved in self.files.values()),
        ]
        return "\n".join(f"  {line}" for line in lines)


def approved(migration: Migration) -> str:
    """What of a migration is approved: its file's digest, its risk, the losses that are declared.

    A lower risk asks for less proof, and a declared loss lets rows go: both are plan.toml's.
    """
    declared = f", may lose {', '.join(sorted(migration.may_lose))}" if migration.may_lose else ""
    return f"{migration.script.sha256} {migration.risk} risk{declared}"


def manifest(
    token: str,
    target: Target,
    identity: Identity,
    catalog: Catalog,
    pending: Sequence[Migration],
    checked: Person,
) -> Manifest:
    """Put down what a token is made from."""
    return Manifest(
        token=token,
        target=target.name,
        system=identity.system_identifier,
        database=identity.database,
        role=identity.role,
        catalog=fingerprint(catalog),
        files={m.version: (m.file, approved(m)) for m in pending},
        checked=asdict(checked),
        objects=_digests(catalog),
    )


def keep(project: Path, covered: Manifest) -> None:
    """Write it into runs/plans/; a folder that cannot be written to is no reason to stop."""
    folder = project / "runs" / "plans"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(covered), ensure_ascii=False, indent=1, sort_keys=True)
        archive.write(folder / f"{covered.token}.json", text + "\n")


def find(project: Path, token: str) -> Manifest | None:
    """The manifest of a token, where this project has one."""
    if not token.isalnum():
        return None
    with contextlib.suppress(OSError, ValueError, TypeError):
        path = project / "runs" / "plans" / f"{token}.json"
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    return None


def changed(
    covered: Manifest, identity: Identity, catalog: Catalog, pending: Sequence[Migration]
) -> list[str]:
    """What is not as it was when the token was made, in words; the database first."""
    said = []
    if (covered.system, covered.database) != (identity.system_identifier, identity.database):
        said.append(
            f"it is for database {covered.database} of system {covered.system or 'unknown'}, and"
            f" this is {identity.database} of {identity.system_identifier or 'unknown'}"
        )
    now = {m.version: approved(m) for m in pending}
    for version, (path, then) in covered.files.items():
        if version not in now:
            said.append(f"{path} is not pending any more")
        elif now[version].split()[0] != then.split()[0]:
            said.append(f"{path} was edited")
        elif now[version] != then:
            said.append(f"risk or may_lose of {path} was edited in plan.toml")
    before, after = covered.objects, _digests(catalog)
    objects = [
        f"{name} was {_what(before.get(name), after.get(name))}"
        for name in [*after, *(gone for gone in before if gone not in after)]
        if before.get(name) != after.get(name)
    ]
    if len(objects) > _MOST:
        objects[_MOST:] = [f"and {len(objects) - _MOST} more objects"]
    return said + [f"catalog: {', '.join(objects)}"] * bool(objects)


def _in_words(approved: str) -> str:
    digest, _, declared = approved.partition(" ")
    return f"{digest[:16]}…, {declared}"


def _what(before: str | None, after: str | None) -> str:
    return "added" if before is None else "removed" if after is None else "changed"


def _digests(catalog: Catalog) -> dict[str, str]:
    return {
        f"{kind} {shown(kind, names)}": _digest(definition)
        for (kind, names), definition in catalog.objects.items()
    }


def _digest(definition: Mapping[str, Any]) -> str:
    text = json.dumps(dict(definition), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
