"""Function bodies put to their language's validator, as far as that looks into them.

For SQL bodies the validator resolves every name; for PL/pgSQL it finds syntax only.
"""

from __future__ import annotations

import psycopg
from psycopg import Connection

from ..catalog import Catalog
from ..promises.book import Promise
from ..promises.names import Names
from ..promises.resolve import Resolved
from ..resources import query


def broken_bodies(
    conn: Connection, promised: list[Promise], actual: Catalog, resolved: Resolved
) -> dict[str, str]:
    """The promised functions whose body the server refuses, and in which words.

    Returns:
        dict: the promise's object → the server's complaint; empty when all compile.
    """
    own: dict[Names, str] = {}
    for promise in promised:
        if promise.kind == "function" and promise.present:
            names = resolved.names(promise)
            if names and actual.get("function", names):
                own[names] = promise.object
    if not own:
        return {}
    broken: dict[str, str] = {}
    with conn.transaction(force_rollback=True):
        for path, routines in _by_search_path(conn, list(own)).items():
            if path is not None:
                conn.execute("select set_config('search_path', %s, true)", [path])
            for names, complaint in _complaints(conn, routines).items():
                broken[own[names]] = complaint
            if path is not None:
                conn.execute("set local search_path to default")
    return broken


def _by_search_path(conn: Connection, names: list[Names]) -> dict[str | None, dict[int, Names]]:
    """OIDs by the search_path that the functions run with; None for the session's."""
    groups: dict[str | None, dict[int, Names]] = {}
    columns = zip(*names, strict=True)
    wanted = dict(zip(("schemas", "functions", "arguments"), map(list, columns), strict=True))
    # The argument types are told as the Catalog tells them: fully qualified.
    with conn.transaction(force_rollback=True):
        conn.execute("select set_config('search_path', '', true)")
        rows = conn.execute(query("verify_bodies_found"), wanted).fetchall()
    for position, oid, path in rows:
        groups.setdefault(path, {})[oid] = names[position - 1]
    return {path: groups[path] for path in sorted(groups, key=lambda path: (path is None, path))}


def _complaints(conn: Connection, routines: dict[int, Names]) -> dict[Names, str]:
    """All at once while they are sound; one by one to find the broken ones."""
    try:
        with conn.transaction():
            conn.execute(query("verify_bodies"), {"routines": list(routines)})
    except psycopg.Error as error:
        if len(routines) == 1:
            if isinstance(error, psycopg.errors.InsufficientPrivilege):
                return {}  # somebody else's function: not ours to compile
            names = next(iter(routines.values()))
            return {names: f"the body does not compile: {error.diag.message_primary}"}
        found: dict[Names, str] = {}
        for oid, names in routines.items():
            found |= _complaints(conn, {oid: names})
        return found
    return {}
