"""Grants as the last word said: what each role may do with an object once the file has run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..catalog import Catalog, Definition
from ..findings import FAIL, PASS, WARN, Finding
from .book import Promise
from .names import Names, identity
from .resolve import Resolved

ALL = {
    "table": ("select", "insert", "update", "delete", "truncate", "references", "trigger"),
    "column": ("select", "insert", "update", "references"),
    "sequence": ("usage", "select", "update"),
    "function": ("execute",),
    "schema": ("usage", "create"),
    "type": ("usage",),
}
# What everybody may do with a new object unless default privileges say otherwise.
BUILT_IN = {"function": {"public": {"execute"}}, "type": {"public": {"usage"}}}

Rights = dict[str, set[str]]


@dataclass(frozen=True)
class Session:
    """What the words of a GRANT depend on.

    Fields:
        user: whom `current_user` means.
        maintain: whether the server knows the MAINTAIN privilege (17 and later).
    """

    user: str
    maintain: bool

    def expand(self, kind: str, privileges: Iterable[str]) -> set[str]:
        """The privileges that were named; all of them for ALL."""
        named = {privilege.lower() for privilege in privileges}
        if named and named != {"all"}:
            return named
        return set(ALL[kind]) | ({"maintain"} if kind == "table" and self.maintain else set())

    def role(self, name: str) -> str:
        """A role's own name, `current_user` resolved."""
        return self.user if name in {"current_user", "session_user"} else name


def check_rights(
    promised: list[Promise], actual: Catalog, resolved: Resolved, session: Session
) -> list[Finding]:
    """One row per object whose rights the file determines; a table's columns are in its row.

    Of an object that the file makes, the rights are known completely: the default privileges,
    and then every GRANT and REVOKE in order. One right more is as wrong as one right less.
    """
    said: dict[Names, list[Promise]] = {}
    for promise in promised:
        if promise.kind == "grant" and not promise.names[0].startswith("every "):
            kind, names = promise.names[0], promise.names[1:]
            owner = ("table", *names[:2]) if kind == "column" else (kind, *names)
            said.setdefault(owner, []).append(promise)
    created = {
        (_granted_kind(promise.kind), *promise.names): promise
        for promise in promised
        if promise.created and promise.present and _granted_kind(promise.kind) in ALL
    }
    blurred = any(each.kind == "default privilege" for each in promised)
    blurred |= any(each.kind == "grant" and each.names[0].startswith("every") for each in promised)
    grants = _by_object(actual)
    rows = []
    for owner in dict.fromkeys([*said, *created]):
        maker = created.get(owner)
        exact = maker is not None and not blurred and not maker.properties.get("implied")
        row = _check(owner, said.get(owner, []), maker, exact, actual, grants, resolved, session)
        if row:
            rows.append(row)
    return rows


def _check(
    owner: Names,
    spoken: list[Promise],
    maker: Promise | None,
    exact: bool,
    actual: Catalog,
    grants: dict[Names, Rights],
    resolved: Resolved,
    session: Session,
) -> Finding | None:
    shown = f"{owner[0]} {identity(owner[0], owner[1:])}"
    missing: list[str] = []
    surplus: list[str] = []
    notes: list[str] = []
    words = 0
    targets = {owner: [p for p in spoken if p.names[0] != "column"]}
    for promise in spoken:
        if promise.names[0] == "column":
            targets.setdefault(promise.names, []).append(promise)
    for names, promises in targets.items():
        real = _real(names, promises, maker, resolved)
        if real is None or not _owner(actual, real):
            return Finding("Grants", shown, "rights as written", "no such object", FAIL)
        held = grants.get(real, {})
        wanted, unwanted = net(names[0], promises, session)
        words += sum(len(rights) for rights in wanted.values())
        missing += _listed(_minus(wanted, held), names)
        forbidden = {role: held.get(role, set()) & gone for role, gone in unwanted.items()}
        surplus += _listed(forbidden, names)
        if names[0] == "function":
            notes += _through_public(unwanted, held)
        if exact:
            base = _defaults(names[0], real, actual)
            allowed = _apply(base, names[0], promises, session)
            extra = _minus(_minus(held, allowed), forbidden)
            extra.pop(_owner(actual, real), None)
            (notes if maker and maker.properties.get("replaces") else surplus).extend(
                _listed(extra, names)
            )
    if not spoken and not surplus:
        return None
    expected = f"{words} rights as written" if words else "no rights beyond the defaults"
    if missing or surplus:
        lacks = [f"missing: {text}" for text in missing]
        return Finding(
            "Grants",
            shown,
            expected,
            " · ".join([*lacks, *(f"too many: {t}" for t in surplus)]),
            FAIL,
        )
    if notes:
        return Finding("Grants", shown, expected, " · ".join(notes), WARN)
    return Finding("Grants", shown, expected, "as written", PASS)


def _real(
    names: Names, promises: list[Promise], maker: Promise | None, resolved: Resolved
) -> Names | None:
    if names[0] != "function":
        return names
    if promises:
        return resolved.names(promises[0])
    routine = resolved.names(maker) if maker else None
    return ("function", *routine) if routine else None


def _by_object(actual: Catalog) -> dict[Names, Rights]:
    held: dict[Names, Rights] = {}
    for names, definition in actual.of("grant").items():
        held.setdefault(names[:-1], {})[names[-1]] = bare(definition)
    return held


def bare(definition: Definition) -> set[str]:
    """The privileges of a Catalog's entry, the star of the grant option taken off."""
    return {privilege.rstrip("*") for privilege in definition["privileges"]}


def net(kind: str, promises: list[Promise], session: Session) -> tuple[Rights, Rights]:
    """What was granted and never revoked again; and the other way round."""
    wanted: Rights = {}
    unwanted: Rights = {}
    for promise in promises:
        for is_grant, privileges, roles in _spoken(promise):
            for role in map(session.role, roles):
                named = session.expand(kind, privileges)
                yes, no = (wanted, unwanted) if is_grant else (unwanted, wanted)
                yes.setdefault(role, set()).update(named)
                no.get(role, set()).difference_update(named)
    return wanted, unwanted


def _spoken(promise: Promise) -> Iterable[tuple[bool, Names, Names]]:
    for is_grant, privileges, roles, option in promise.properties["said"]:
        if is_grant or not option:  # REVOKE GRANT OPTION FOR leaves the right itself
            yield is_grant, privileges, roles


def _apply(base: Rights, kind: str, promises: list[Promise], session: Session) -> Rights:
    rights = {role: set(privileges) for role, privileges in base.items()}
    for promise in promises:
        for is_grant, privileges, roles in _spoken(promise):
            for role in map(session.role, roles):
                named = session.expand(kind, privileges)
                held = rights.setdefault(role, set())
                rights[role] = held | named if is_grant else held - named
    return rights


def _defaults(kind: str, names: Names, actual: Catalog) -> Rights:
    """What the default privileges of the object's owner give to a new object of its kind."""
    owner, schema = _owner(actual, names), names[1]
    rights: Rights = {role: set(each) for role, each in BUILT_IN.get(kind, {}).items()}
    whole: Rights = {}
    for (what, key), definition in actual.objects.items():
        if what == "default privilege" and key[0] == kind and key[2] == owner:
            if key[1] == "":
                whole.setdefault(key[3], set()).update(bare(definition))
            elif key[1] == schema:
                rights.setdefault(key[3], set()).update(bare(definition))
    if whole:
        for role in BUILT_IN.get(kind, {}):
            if role not in whole:
                rights.pop(role, None)
        for role, each in whole.items():
            rights.setdefault(role, set()).update(each)
    return rights


def _owner(actual: Catalog, names: Names) -> str:
    kind = names[0]
    key = names[1:3] if kind in {"table", "column"} else names[1:]
    for each in ("table", "view", "materialized view") if kind in {"table", "column"} else (kind,):
        definition = actual.get(each, key)
        if definition is not None:
            return str(definition.get("owner", ""))
    return ""


def _granted_kind(kind: str) -> str:
    return "table" if kind in {"view", "materialized view"} else "" if kind == "column" else kind


def _minus(left: Mapping[str, set[str]], right: Mapping[str, set[str]]) -> Rights:
    return {role: rights - right.get(role, set()) for role, rights in left.items()}


def _listed(rights: Rights, names: Names) -> list[str]:
    where = f" ({names[-1]})" if names[0] == "column" else ""
    return [
        f"{', '.join(sorted(each))}{where} to {role}"
        for role, each in sorted(rights.items())
        if each
    ]


def _through_public(unwanted: Rights, held: Rights) -> list[str]:
    """A right revoked from one role is still there while everybody has it."""
    if "execute" not in held.get("public", set()):
        return []
    return [
        f"{role} may still execute it: everybody may, through PUBLIC"
        for role, each in sorted(unwanted.items())
        if each and role != "public"
    ]
