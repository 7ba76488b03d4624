"""Rights given wholesale: ON ALL … IN SCHEMA, and to objects that are yet to be created."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..catalog import Catalog
from ..findings import FAIL, PASS, Finding
from .book import Promise
from .names import Names, identity
from .rights import BUILT_IN, Session, bare, net

RELATIONS = ("table", "view", "materialized view")


def check_wide_rights(
    promised: list[Promise],
    actual: Catalog,
    session: Session,
    whole: Callable[[str], Catalog],
) -> Iterable[Finding]:
    """One row per ON ALL … IN SCHEMA and per default privilege that the file speaks of.

    Args:
        promised: of one file.
        actual: the Catalog of what the file touches.
        session: what the words of a GRANT depend on.
        whole: reads everything in one schema; asked only where a file grants on all of it.
    """
    for promise in promised:
        if promise.kind == "grant" and promise.names[0].startswith("every "):
            yield _everywhere(promise, promised, whole(promise.names[1]), session)
    for promise in promised:
        if promise.kind == "default privilege":
            yield _from_now_on(promise, actual, session)


def _everywhere(
    promise: Promise, promised: list[Promise], there: Catalog, session: Session
) -> Finding:
    """What was there before the file must have the rights; the file's own objects have rows."""
    kind, schema = promise.names[0].removeprefix("every "), promise.names[1]
    own = {each.names[:2] for each in promised if each.created}
    wanted, unwanted = net(kind, [promise], session)
    kinds = RELATIONS if kind == "table" else (kind,)
    wrong, looked_at = [], 0
    for each in kinds:
        for names, definition in there.of(each).items():
            if names[0] != schema or names[:2] in own or definition.get("form") == "procedure":
                continue
            looked_at += 1
            for role, rights in wanted.items():
                if rights - _held(there, (kind, *names, role)):
                    wrong.append(f"{role} lacks rights on {identity(each, names)}")
            for role, rights in unwanted.items():
                if rights & _held(there, (kind, *names, role)):
                    wrong.append(f"{role} has rights on {identity(each, names)}")
    observed = "; ".join(wrong) or f"as written on {looked_at} that were there before"
    shown = f"every {kind} in {schema}"
    return Finding("Grants", shown, "rights as written", observed, FAIL if wrong else PASS)


def _held(there: Catalog, names: Names) -> set[str]:
    definition = there.get("grant", names)
    return bare(definition) if definition else set()


def _from_now_on(promise: Promise, actual: Catalog, session: Session) -> Finding:
    kind, schema, owner, grantee = promise.names
    owner, grantee = session.role(owner), session.role(grantee)
    held: set[str] = set()
    entries = actual.of("default privilege")
    if definition := entries.get((kind, schema, owner, grantee)):
        held = bare(definition)
    elif schema == "" and not any(names[:3] == (kind, "", owner) for names in entries):
        held = BUILT_IN.get(kind, {}).get(grantee, set())
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for is_grant, privileges, option in promise.properties["said"]:
        named = session.expand(kind, privileges)
        if is_grant:
            wanted, unwanted = wanted | named, unwanted - named
        elif not option:
            wanted, unwanted = wanted - named, unwanted | named
    wrong = [f"missing: {', '.join(sorted(wanted - held))}"] if wanted - held else []
    wrong += [f"too many: {', '.join(sorted(unwanted & held))}"] if unwanted & held else []
    observed = " · ".join(wrong) or "as written"
    expected = "default privileges as written"
    return Finding("Grants", promise.object, expected, observed, FAIL if wrong else PASS)
