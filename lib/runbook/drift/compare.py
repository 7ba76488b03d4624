"""Where a target differs from what was applied to it, and whose affair that is.

Supabase's own objects, extensions' objects and roles that a target does not have are nobody's
drift. What the project made is compared with every property; so is what somebody made by hand,
policies and triggers on Supabase's tables included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from .. import catalog
from ..catalog import Catalog, Change, Definition, Key
from ..promises.names import Names
from .mending import Mend, mends
from .other_histories import OBJECTS as _TOOLS

PLATFORM = frozenset({
    "auth", "storage", "realtime", "_realtime", "vault", "extensions", "graphql", "graphql_public",
    "supabase_functions", "pgbouncer", "pgsodium", "pgsodium_masks", "cron", "net", "pgmq",
    "_analytics", "_supavisor", "pgtle", "topology", "tiger", "tiger_data",
})  # fmt: skip
_OWNERS = ("supabase_", "pgbouncer", "dashboard_user", "cloudsqladmin", "rdsadmin", "azure")
_OURS = "postgres"  # who applies on the embedded server
# Extensions that are there before anybody asks for them.
_PREINSTALLED = frozenset({
    "plpgsql", "pg_stat_statements", "pgcrypto", "uuid-ossp", "supabase_vault", "pgjwt",
    "pg_graphql", "pgsodium", "pg_net",
})  # fmt: skip
_ON_PLATFORM = ("policy", "trigger")
# Statistics of the server's own making, or another version of the same thing.
_UNTOLD = {"extension": {"version"}, "index": {"clustered"}, "column": {"compression"}}


@dataclass(frozen=True)
class Drift:
    """One difference of the target from what was applied.

    Fields:
        what: "added by hand", "missing" or "changed by hand".
        mend: from what there is to what was applied, and its SQL.
    """

    what: str
    mend: Mend

    @property
    def change(self) -> Change:
        return self.mend.change


@dataclass(frozen=True)
class Compared:
    """The whole comparison.

    Fields:
        drifts: in reading order.
        same: how many objects of the project are as they were applied.
        notes: what was not compared, and why.
    """

    drifts: tuple[Drift, ...]
    same: int
    notes: tuple[str, ...]


def compare(
    actual: Catalog,
    expected: Catalog,
    platform: Catalog,
    *,
    roles: frozenset[str],
    role: str,
) -> Compared:
    """Hold the target's catalog against the one that the applied files make.

    Args:
        platform: the embedded catalog before any file.
        roles: that the target has.
        role: that applies there; it stands for `postgres` on the embedded server.
    """
    supabase = "anon" in roles and ("schema", ("auth",)) in actual.objects
    wanted = _as(expected.objects, _OURS, _owner(actual, role))
    base = _as(platform.objects, _OURS, _owner(actual, role))
    notes = _notes(wanted, base, roles, actual.major, expected.major)
    there, should = dict[Key, Definition](), dict[Key, Definition]()
    same = 0
    for key in actual.objects.keys() | wanted.keys():
        kind, names = key
        now, then, before = actual.objects.get(key), wanted.get(key), base.get(key)
        if _foreign_role(kind, names, roles):
            continue
        if then == before and not _compared(kind, names, now, then, supabase):
            continue
        left, right = _comparable(kind, now, then, same_major=actual.major == expected.major)
        if left == right:
            same += right is not None and then != before
            continue
        if now is not None:
            there[key] = now
        if then is not None:
            should[key] = then
    changes = catalog.diff(
        catalog.selected(there, "there", actual.major),
        catalog.selected(should, "applied", expected.major),
    )
    changes = [change for change in changes if not _implied(change, changes)]
    words = {"removed": "added by hand", "added": "missing", "changed": "changed by hand"}
    known = {key: each for key, each in wanted.items() if not _foreign_role(*key, roles)}
    whole = catalog.selected(known, "known", expected.major)
    drifts = tuple(Drift(words[m.change.change], m) for m in mends(changes, whole))
    return Compared(drifts, same, notes)


def _as(objects: Mapping[Key, Definition], ours: str, theirs: str) -> dict[Key, Definition]:
    """The objects as the target's role would own them."""
    if ours == theirs:
        return dict(objects)
    found: dict[Key, Definition] = {}
    for (kind, names), definition in objects.items():
        if kind == "grant" and names[-1] == ours:
            names = (*names[:-1], theirs)
        elif kind == "default privilege":
            names = tuple(
                theirs if part == ours and at > 1 else part for at, part in enumerate(names)
            )
        if definition.get("owner") == ours:
            definition = {**definition, "owner": theirs}
        found[(kind, names)] = definition
    return found


def _owner(actual: Catalog, role: str) -> str:
    """Who owns the project's tables there: most often the role that applies."""
    owners = Counter(
        definition["owner"]
        for (kind, names), definition in actual.objects.items()
        if kind == "table" and names[0] not in PLATFORM
    )
    return owners.most_common(1)[0][0] if owners else role


def _foreign_role(kind: str, names: Names, roles: frozenset[str]) -> bool:
    if kind == "grant":
        return names[-1] != "public" and names[-1] not in roles
    if kind == "default privilege":
        return names[2] not in roles or (names[3] != "public" and names[3] not in roles)
    return False


def _compared(
    kind: str, names: Names, now: Definition | None, then: Definition | None, supabase: bool
) -> bool:
    """Whether an object that no file touched is the project's affair all the same."""
    if kind == "default privilege":
        return supabase and names[1] not in PLATFORM and not names[2].startswith(_OWNERS)
    if kind in ("grant", "comment") and names[0] == "schema" and names[1] == "public":
        return supabase
    if kind == "schema":
        return names[0] not in PLATFORM and names[0] != "public"
    if kind == "extension":
        return then is None and names[0] not in _PREINSTALLED
    if kind == "comment" and names[0] == "extension":
        return False
    if kind in ("event trigger", "publication", "published table", "published schema"):
        owner = (now or then or {}).get("owner", "")
        table = names[1] if kind.startswith("published") and len(names) > 1 else ""
        return not str(owner).startswith(_OWNERS) and table not in PLATFORM and then is None
    schema = names[1] if kind in ("grant", "comment") else names[0]
    if schema not in PLATFORM:
        return not _TOOLS & set(names[1:])  # another tool's history is its own affair
    if kind not in _ON_PLATFORM:
        return False
    function = (now or then or {}).get("function") or [""]
    return kind == "policy" or function[0] not in PLATFORM


def _comparable(
    kind: str, now: Definition | None, then: Definition | None, *, same_major: bool
) -> tuple[Definition | None, Definition | None]:
    """Both without what says nothing: versions, and the wording of another major."""
    untold = _UNTOLD.get(kind, set()) | (set() if same_major else {"definition"})
    if kind in ("grant", "default privilege") and not same_major:
        return _rights(now), _rights(then)
    left, right = (
        None if each is None else {k: v for k, v in each.items() if k not in untold}
        for each in (now, then)
    )
    return left, right


def _rights(definition: Definition | None) -> Definition | None:
    """Without MAINTAIN, which PostgreSQL has from 17 on."""
    if definition is None:
        return None
    return {"privileges": [p for p in definition["privileges"] if not p.startswith("maintain")]}


def _implied(change: Change, changes: list[Change]) -> bool:
    """What is there, or missing, because of another difference: said once is enough."""
    definition = change.old or change.new or {}
    holders = {c.names for c in changes if c.change == change.change
               and c.kind in ("table", "view", "materialized view")}  # fmt: skip
    if change.kind in ("column", "constraint", "policy", "trigger", "rule"):
        return change.change == "removed" and change.names[:2] in holders
    if change.kind == "index":
        if definition.get("constraint"):
            return True
        return change.change == "removed" and tuple(definition["table"]) in holders
    if change.kind == "sequence" and definition.get("owned_by"):
        column = tuple(definition["owned_by"])
        along = any(c.kind == "column" and c.names == column for c in changes)
        return change.change == "removed" and (column[:2] in holders or along)
    if change.kind in ("grant", "comment") and change.change == "removed":
        thing = change.names[1:-1] if change.kind == "grant" else change.names[1:]
        gone = {(c.kind, c.names) for c in changes if c.change == "removed"}
        return thing[:2] in holders or any(
            (kind, thing) in gone for kind in ("function", "sequence", "type", "schema", "policy",
                                               "constraint", "index", "trigger", "column")
        )  # fmt: skip
    return False


def _notes(
    wanted: Mapping[Key, Definition],
    base: Mapping[Key, Definition],
    roles: frozenset[str],
    major: int,
    ours: int,
) -> tuple[str, ...]:
    found = []
    named = {names[-1] for kind, names in wanted if kind == "grant" and (kind, names) not in base}
    lacking = sorted(named - roles - {"public"})
    if lacking:
        found.append(f"grants to {', '.join(lacking)}: the target has no such role")
    if major != ours:
        found.append(
            f"the wording of views, indexes, triggers and constraints: PostgreSQL {major} there,"
            f" {ours} here"
        )
    return tuple(found)
