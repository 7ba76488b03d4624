"""Four small bookshops on an embedded server: what the fleet's notebook runs on by itself.

They live in runs/tutorial/fleet/, made anew each time; their records have a chain of their own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from .. import embedded
from ..notebooks import write_notebooks
from ..plan_file import read_plan
from ..postgres import production_state
from ..resources import folder
from ..target import open_target
from .file import read_fleet

_SHELVES = "20260101000100_shelves.sql"
_BY_HAND = "create table public.by_hand (id int primary key)"


def make(project: Path) -> Path:
    """Make the bookshops anew below this project; the last one is not like the others.

    Returns:
        The file that names them; its folder is a project of its own.
    """
    place = project / "runs" / "tutorial" / "fleet"
    source = folder("templates")
    for part in (".", "rollback", "tests"):
        into = place / "migrations" / part
        into.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "tutorial" / "migrations" / part / _SHELVES, into / _SHELVES)
    shutil.copy(source / "fleet" / "plan.toml", place / "migrations" / "plan.toml")
    shutil.copy(source / "fleet" / "targets.toml", place / "targets.toml")
    write_notebooks(read_plan(place), place / "notebooks")
    members = read_fleet(place / "targets.toml").members
    server = production_state.server(place)
    for member in members:
        embedded.drop(server, member.name.partition(":")[2])
        with open_target(member.name, place).connect(purpose="fleet: example") as conn:
            if member is members[-1]:
                conn.execute(_BY_HAND)
    return place / "targets.toml"
