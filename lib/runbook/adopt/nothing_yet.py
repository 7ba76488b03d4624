"""Before anything is known: a project without a migration, and what the files' words tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import postgast
from postgast import pg_query_pb2 as pb

from ..errors import Refused
from ..plan import POSTGRESQL, SUPABASE
from ..sql import Script, Statement
from ..statements.inside import inside
from .references import mentions
from .sources import PLAIN, Folder, Found

_ROLES = {"anon", "authenticated", "service_role"}
_SCHEMAS = {"auth", "storage", "realtime", "vault", "extensions"}
_NOT_LOOKED_INTO = {"node_modules", "venv", "site-packages"}


def beginning(source: Path, project: Path) -> Folder | None:
    """An empty project, where the project's own folder is named and holds no SQL; else None.

    Raises:
        Refused: there is SQL below it, only not where migrations are looked for.
    """
    if not source.is_dir() or source.resolve() != project.resolve():
        return None
    below = [path.relative_to(source) for path in source.rglob("*.sql")]
    below = [
        path
        for path in below
        if not any(part.startswith(".") or part in _NOT_LOOKED_INTO for part in path.parts)
    ]
    looked_into = {Path(), Path("migrations"), Path("supabase/migrations")}
    if any(path.parent in looked_into and path.name != "seed.sql" for path in below):
        return None
    if below:
        raise Refused(
            f"There is no migration in {source}, and SQL in {min(below).parent}.",
            remedy=f"Are those the migrations? Name their folder: {source / min(below).parent}.",
        )
    return Folder(source, PLAIN, (), ())


def held(files: Sequence[Found], last: str) -> Sequence[Found]:
    """The files up to this version, which production holds; none where no version is named.

    Raises:
        Refused: there is no such version.
    """
    if not last:
        return files[:0]
    for place, found in enumerate(files):
        if last.lstrip("0") in (found.version.lstrip("0"), found.name):
            return files[: place + 1]
    raise Refused(
        f"--applied-to {last}: there is no such version.",
        remedy="Name the last one that production holds.",
    )


def spoken_of(folder: Path, scripts: Iterable[Script]) -> str:
    """The platform that the files speak of; where they lie says it, too."""
    named = folder.resolve().parent.name == SUPABASE or (folder / "supabase").is_dir()
    spoken = (_of_supabase(statement) for script in scripts for statement in script.statements)
    return SUPABASE if named or any(spoken) else POSTGRESQL


def _of_supabase(statement: Statement) -> bool:
    named, _ = mentions([statement])
    if any(len(names) > 1 and names[0] in _SCHEMAS for names in named):
        return True
    return any(
        isinstance(message, pb.RoleSpec) and message.rolename in _ROLES
        for node in (statement.node, *inside(statement))
        for _, message in postgast.walk(node)
    )
