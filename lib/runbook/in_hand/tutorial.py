"""The tutorial's bookshop: two small migrations with two mistakes, made on purpose.

lesson = open_tutorial()
phase = lesson.open()

It lives in runs/tutorial/ with an embedded database of its own, both made anew each time. Nothing
else is touched.
"""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path
from typing import Any

from .. import embedded, show
from ..load import shown
from ..plan_file import read_plan
from ..postgres import production_state
from ..project import author, find_project
from ..rehearsal import kept
from ..rehearsal.rehearse import rehearse
from ..resources import folder
from ..target import open_target
from .desk import Rollback, open_rollback
from .opened import OpenPhase, open_phase

TARGET = "embedded:tutorial"
_BOOKS = "20260101000200_books.sql"


class Lesson:
    """The bookshop as it is now, and the way to mend it.

    Attributes:
        folder: the project; its files may be looked at, and changed, in JupyterLab.
    """

    def __init__(self, place: Path) -> None:
        self.folder = place
        self._mended = 0

    def __repr__(self) -> str:
        files = sorted(path.name for path in (self.folder / "migrations").glob("*.sql"))
        return f"A bookshop on {TARGET}, with the migrations {' and '.join(files)}."

    def open(self, **given: Any) -> OpenPhase:
        """Its only phase, opened. Arguments as for open_phase."""
        return open_phase("shop", target=TARGET, project=self.folder, **given)

    def rollback(self, versions: str, **given: Any) -> Rollback:
        """Its rollback. Arguments as for open_rollback."""
        return open_rollback(target=TARGET, versions=versions, project=self.folder, **given)

    def rehearse(self) -> shown.Shown:
        """What is pending, on a copy of its database, while a small load uses what it locks."""
        plan, target = read_plan(self.folder), open_target(TARGET, self.folder)
        made = rehearse(plan, target, load=True)
        kept.write(self.folder, made, author("").operator)
        waiting = {each.migration.version for each in made.migrations}
        return shown.last(self.folder, target, plan.phases[0], pending=waiting)

    def mend(self) -> show.Text:
        """Put the next mistake of books right, as an editor would; shows what was changed."""
        self._mended += 1
        file = self.folder / "migrations" / _BOOKS
        right = folder("templates") / "tutorial" / "mended" / f"{self._mended}_books.sql"
        if not right.exists():
            return show.Text("Nothing is left to mend.")
        before, after = file.read_text(encoding="utf-8"), right.read_text(encoding="utf-8")
        file.write_text(after, encoding="utf-8")
        changed = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        lines = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
        return show.Text("\n".join((f"migrations/{_BOOKS}", *lines)))


def open_tutorial(project: str | Path | None = None) -> Lesson:
    """Make the bookshop and its database anew.

    Args:
        project: the folder below which runs/tutorial/ is made; "" finds it from here.
    """
    place = find_project(project) / "runs" / "tutorial"
    migrations = place / "migrations"
    if migrations.exists():
        shutil.rmtree(migrations)
    shutil.copytree(folder("templates") / "tutorial" / "migrations", migrations)
    embedded.drop(production_state.server(place), TARGET.partition(":")[2])
    return Lesson(place)
