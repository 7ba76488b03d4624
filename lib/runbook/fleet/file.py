"""targets.toml: which databases, in which order, how many at once, and when to stop.

waves        = [1, "10%", "100%"]    # up to so many targets in all, once the wave is through
max_failures = 0                     # more than this in one wave, and no further target starts
per_server   = 4                     # at the same time
retries      = 2                     # after a lost connection or a lock timeout, nothing else

[[server]]
name    = "eu-1"
targets = ["service=tenant_0001", "service=tenant_0002"]
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PlanInvalid
from ..target import open_target

_KEYS = {"waves", "max_failures", "per_server", "retries", "server"}
_PERCENT = re.compile(r"([0-9]{1,3})%")


@dataclass(frozen=True)
class Member:
    """One database of the fleet: its target's name, the server's, and its wave from 1."""

    name: str
    server: str
    wave: int


@dataclass(frozen=True)
class Fleet:
    """What targets.toml says.

    Fields:
        members: in the file's order, each with its wave.
        waves: how many there are.
        max_failures: of a wave, before nothing more is started.
        per_server: targets of one server at the same time.
        retries: of a target, after what passes by itself.
        path: of the file.
    """

    members: tuple[Member, ...]
    waves: int
    max_failures: int
    per_server: int
    retries: int
    path: Path

    def wave(self, number: int) -> tuple[Member, ...]:
        """The members of one wave."""
        return tuple(member for member in self.members if member.wave == number)


def read_fleet(path: Path) -> Fleet:
    """Read targets.toml.

    Raises:
        PlanInvalid: naming the file and the key.
        TargetRefused: a name is none, or looks like a conninfo.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanInvalid(f"There is no {path}.", remedy="Name the file: --targets FILE.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, f"cannot be read as TOML: {error}") from None
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        raise _invalid(path, f"unknown key {unknown[0]!r}")
    names = _names(path, document.get("server", []))
    waves = document.get("waves", [1, "10%", "100%"])
    ends = _ends(path, waves, len(names))
    members = []
    for place, (name, server) in enumerate(names):
        wave = next(number for number, end in enumerate(ends, start=1) if place < end)
        members.append(Member(name, server, wave))
    return Fleet(
        tuple(members),
        len(ends),
        _whole(path, document, "max_failures", 0, least=0),
        _whole(path, document, "per_server", 4, least=1),
        _whole(path, document, "retries", 2, least=0),
        path,
    )


def _names(path: Path, servers: Any) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for server in servers if isinstance(servers, list) else ():
        name, targets = server.get("name"), server.get("targets")
        if not isinstance(name, str) or not isinstance(targets, list):
            raise _invalid(path, "each [[server]] needs a name and a list of targets")
        for target in targets:
            checked = open_target(str(target), path.parent).name
            if checked in found:
                raise _invalid(path, f"{checked} is named twice")
            found[checked] = name
    if not found:
        raise _invalid(path, "it names no target")
    return list(found.items())


def _ends(path: Path, waves: Any, total: int) -> list[int]:
    """Up to which target each wave goes; the last one to the end."""
    if not isinstance(waves, list) or not waves:
        raise _invalid(path, "waves must be a list like [1, '10%', '100%']")
    ends: list[int] = []
    for wave in waves:
        percent = _PERCENT.fullmatch(wave) if isinstance(wave, str) else None
        if percent:
            end = -(-total * min(int(percent[1]), 100) // 100)
        elif isinstance(wave, int) and not isinstance(wave, bool) and wave > 0:
            end = min(wave, total)
        else:
            raise _invalid(path, f"waves holds {wave!r}, which is no number and no percentage")
        if end > (ends[-1] if ends else 0):  # a share that adds nobody is no wave
            ends.append(end)
    if ends[-1] < total:
        raise _invalid(path, "the last wave must be '100%'")
    return ends


def _whole(path: Path, document: dict[str, Any], key: str, default: int, *, least: int) -> int:
    value = document.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _invalid(path, f"{key} must be a whole number, {least} or more")
    return value


def _invalid(path: Path, what: str) -> PlanInvalid:
    return PlanInvalid(f"{path.name}: {what}.", remedy="docs/fleet.md has an example.")
