"""Where the project is, and who is at work on it."""

from __future__ import annotations

import getpass
import os
import uuid
from pathlib import Path

from .audit import known, people
from .errors import PlanInvalid
from .ledger import Author
from .redact import learn


def find_project(given: str | Path | None = None) -> Path:
    """The folder that holds migrations/plan.toml: given, RUNBOOK_PROJECT, or this one or above."""
    named = given or os.environ.get("RUNBOOK_PROJECT")
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "migrations" / "plan.toml").exists():
            return folder
    raise PlanInvalid(
        "There is no migrations/plan.toml in this folder or above it.",
        remedy="Run this in the project's folder, or name it: --project DIR.",
    )


def author(operator: str = "") -> Author:
    """Who writes events: this run's id and the operator."""
    learn(known.of_environment(os.environ))  # before anything is written
    name = operator.strip() or os.environ.get("RUNBOOK_OPERATOR", "").strip() or _login()
    people.know([name])
    return Author(os.environ.get("RUNBOOK_RUN") or uuid.uuid4().hex[:12], name[:60])


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
