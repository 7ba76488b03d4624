"""What a project runs on: `platform = "supabase"` (the default) or "postgresql" in plan.toml.

On plain PostgreSQL nobody reaches a table but through a connection of their own: rules about what
an API serves do not apply, and the embedded server is a plain one. A database that is the other
thing is refused, so that one word in a file cannot switch the rules off where they matter.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TargetRefused
from ..findings import SKIP, Finding
from ..plan import POSTGRESQL, SUPABASE
from ..resources import query

if TYPE_CHECKING:
    import psycopg

    from ..checking.checkfile import Check
    from ..plan import Plan
    from ..target import Target

# The name of a home whose embedded server is plain PostgreSQL.
PLAIN_HOME = "plain-postgresql"
CHECK = "Supabase's rules"
# What only Supabase's databases have; a check that needs one of them speaks of its API.
_ITS_OWN = {"anon", "authenticated", "service_role", "supabase_admin", "auth", "storage", "pgmq"}
# Checks that need nothing of it, and give advice that holds on Supabase alone.
_ITS_ADVICE = {"213", "306"}
_NOTHING = "nothing to look at"


def of_project(project: Path) -> str:
    """What plan.toml says, read as lightly as can be: `read_plan` is who judges it."""
    try:
        text = (project / "migrations" / "plan.toml").read_text(encoding="utf-8")
        said = tomllib.loads(text).get("platform")
    except (OSError, ValueError):
        return SUPABASE
    return POSTGRESQL if said == POSTGRESQL else SUPABASE


def home(project: Path, platform: str = "") -> Path:
    """The embedded server's folder for a project: $RUNBOOK_HOME, else `.runbook` inside it.

    A server's roles are there for all its databases, so plain PostgreSQL has one of its own below.
    """
    place = Path(os.environ.get("RUNBOOK_HOME") or project / ".runbook").absolute()
    return place / PLAIN_HOME if (platform or of_project(project)) == POSTGRESQL else place


def require(plan: Plan, target: Target, conn: psycopg.Connection) -> None:
    """Refuse a Supabase database where the plan says that it is none.

    The other way round nothing is lost: rules for roles that are not there find nothing.

    Raises:
        TargetRefused: the database was only asked.
    """
    if plan.platform != POSTGRESQL:
        return
    if target.keeps_session and not conn.execute(query("platform")).fetchone()[0]:
        return
    remedy = 'Take the line platform = "postgresql" out of plan.toml, or name the right target.'
    raise TargetRefused(
        f'migrations/plan.toml says platform = "postgresql", and {target.name} is a Supabase'
        " database: its rules for what the API serves would be left out.",
        remedy=remedy,
    )


def asked_of(plan_platform: str, checks: Iterable[Check]) -> tuple[list[Check], list[Check]]:
    """The checks that apply on a platform, and those that do not."""
    every = list(checks)
    if plan_platform != POSTGRESQL:
        return every, []
    left_out = [check for check in every if _of_supabase(check)]
    return [check for check in every if check not in left_out], left_out


def _of_supabase(check: Check) -> bool:
    names = {part for _, name in check.needs for part in name.split(".")}
    return bool(names & _ITS_OWN) or check.id in _ITS_ADVICE


def condensed(found: Sequence[Finding], left_out: Sequence[Check]) -> list[Finding]:
    """What was found, with one SKIP for the checks that do not apply and one for those that found
    nothing of their kind; untouched where all apply.
    """
    if not left_out:
        return list(found)
    said = f'not asked: platform = "{POSTGRESQL}" ({", ".join(check.id for check in left_out)})'
    rows = [Finding(CHECK, f"{len(left_out)} checks", "hold on Supabase", said, SKIP)]
    empty = [row for row in found if row.verdict == SKIP and row.observed.startswith(_NOTHING)]
    if empty:
        kinds = "; ".join(dict.fromkeys(row.object for row in empty))
        numbers = ", ".join(row.check.partition(" ")[0] for row in empty)
        said = f"none here ({numbers})"
        rows.append(Finding("Nothing to look at", f"{len(empty)} checks", kinds, said, SKIP))
    return [*(row for row in found if row not in empty), *rows]
