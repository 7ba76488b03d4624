"""What a migration changed that its SQL does not promise."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog import Change
from ..findings import FAIL, WARN, Finding
from ..promises.book import ON_TABLES, RELATIONS, Promise
from ..promises.names import Names
from ..promises.renaming import Renaming

CHECK = "Only what is written"
# A promised property and the Catalog's properties that it moves.
MOVES = {
    "settings": ("options",),
    "security_invoker": ("options",),
    "parents": ("parents", "partition_bound"),
    "type": ("type", "default", "collation", "storage", "compression"),
    "identity": ("identity", "default"),
    "generated": ("generated", "expression", "default"),
    "search_path": ("settings",),
    "has_labels": ("labels",),
    "lacks_labels": ("labels",),
    "validated": ("validated", "not_null_unvalidated"),
    "not_null": ("not_null", "not_null_unvalidated"),
    "said": ("privileges",),
}


def unexpected(changes: Iterable[Change], promises: Iterable[Promise]) -> list[Finding]:
    """Every change that no promise covers.

    What PostgreSQL makes along with a promised object is covered by its promise: the index behind
    a key, the sequence behind a serial or an identity, an owner's and the default privileges, what
    a partition inherits, what goes with a dropped table or column.

    Args:
        changes: from catalog.diff, before and after the file ran.
        promises: of that file.

    Returns:
        list[Finding]: one FAIL per change; a WARN where a CASCADE or a statement that cannot be
        read (a DO block) may have done it. Empty when everything was promised.
    """
    promised = list(promises)
    changed = list(changes)
    cover = _Cover(promised, changed)
    opaque = [
        each for each in promised if each.kind == "not read" and each.properties["may_change"]
    ]
    cascades = any(not each.present and each.properties.get("cascade") for each in promised)
    rows = []
    for change in changed:
        if cover.covers(change):
            continue
        observed = f"{change.change}: {change.after or change.before}".rstrip(": ")
        verdict = FAIL
        if cascades and change.change == "removed":
            verdict, observed = WARN, f"{observed} · taken along by CASCADE"
        elif opaque:
            verdict = WARN
            where = ", ".join(each.names[0] for each in opaque[:3])
            observed = f"{observed} · changed by statements that cannot be read ({where})"
        rows.append(
            Finding(CHECK, f"{change.kind} {change.object}", "unchanged", observed, verdict)
        )
    return rows


class _Cover:
    """The promises, arranged so that one change after another can be held against them."""

    def __init__(self, promised: list[Promise], changes: list[Change]) -> None:
        self.by_name = {_key(each.kind, each.names): each for each in promised}
        self.promised = promised
        self.renaming = Renaming(promised, changes)
        self.made = {
            each.names for each in promised if each.created and each.kind in (*RELATIONS, "schema")
        }
        self.gone = {
            each.names
            for each in promised
            if not each.present and each.kind in (*RELATIONS, "type")
        }
        self.open = {
            each.names
            for each in promised
            if each.kind == "table" and each.created and not each.properties.get("complete")
        }
        self.removed = {(c.kind, c.names) for c in changes if c.change == "removed"}
        self.added = {(c.kind, c.names) for c in changes if c.change == "added"}
        for change in changes:
            if change.kind == "table" and change.change == "removed":
                parents = (change.old or {}).get("parents") or ()
                if any(tuple(parent) in self.gone for parent in parents):
                    self.gone.add(change.names)
        self.backed = {
            (names[0], names[2])
            for each in promised
            if each.kind == "constraint" and each.present
            for names in [each.names]
        }
        self.dropped_columns = {
            each.names for each in promised if each.kind == "column" and not each.present
        }
        self.retyped = {
            each.names[:2]
            for each in promised
            if each.kind == "column" and "type" in each.properties
        }

    def covers(self, change: Change) -> bool:
        """Whether a promise says this change, or implies it."""
        return (
            self._promised(change)
            or self._implied(change)
            or self._along_with_removed(change)
            or self.renaming.covers(change)
        )

    def _promised(self, change: Change) -> bool:
        if change.kind == "grant":
            return self._granted(change.names)
        if change.kind == "default privilege":
            kind, schema, _, grantee = change.names
            return any(
                each.kind == "default privilege"
                and each.names[:2] == (kind, schema)
                and each.names[3] in {grantee, "current_user"}
                for each in self.promised
            )
        promise = self._find(change.kind, change.names)
        if promise is None and change.kind == "materialized view":
            promise = self._find("table", change.names)
        if promise is None:
            return False
        if change.kind == "comment" and change.change == "removed":
            return promise.properties.get("text") is None
        if change.change == "removed" or not promise.present:
            return (change.change == "removed") == (not promise.present)
        if change.change == "added" or promise.created or promise.properties.get("other"):
            return True
        return self._properties(change) <= _moved(promise)

    def _find(self, kind: str, names: Names) -> Promise | None:
        kind, names = _key(kind, names)
        # `drop function f` names no arguments.
        return self.by_name.get((kind, names)) or self.by_name.get((kind, (*names[:-1], "*")))

    @staticmethod
    def _properties(change: Change) -> set[str]:
        old, new = change.old or {}, change.new or {}
        keys = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        return keys - {"definition"}

    def _granted(self, names: Names) -> bool:
        kind, thing, role = names[0], names[1:-1], names[-1]
        table = thing[:2] if kind in {"table", "column"} else thing
        if table in self.made or (kind == "function" and self._makes_function(thing)):
            return True
        if any(
            each.kind == "type" and each.created and kind == "type" and each.names == thing
            for each in self.promised
        ):
            return True
        for each in self.promised:
            if "owner" in each.properties and _key(each.kind, each.names) == _key(each.kind, thing):
                return True
            if each.kind != "grant":
                continue
            said_to = {who for told in each.properties["said"] for who in told[2]}
            if role not in said_to and not said_to & {"current_user", "session_user"}:
                continue
            if each is self._find("grant", names[:-1]) or each.names == ("table", *table):
                return True
            if each.names == (f"every {kind}", thing[0]):
                return True
        return False

    def _makes_function(self, names: Names) -> bool:
        promise = self._find("function", names)
        return promise is not None and promise.created

    def _implied(self, change: Change) -> bool:
        definition = change.new or change.old or {}
        if definition.get("inherited"):
            return True
        table = change.names[:2] if change.kind in ON_TABLES else None
        match change.kind:
            case "index":
                table = tuple(definition["table"])
                if (change.names in self.backed) or (table in self.retyped and change.old):
                    return True
            case "constraint" if change.change == "changed" and table in self.retyped:
                return True
            case "comment":
                table = change.names[1:3]
                if change.names[0] == "extension":
                    return ("extension", change.names[1:]) in self.added | self.removed
            case "sequence":
                owner = tuple(definition.get("owned_by") or ())
                return self._column(owner, present=change.change != "removed")
            case "extension":
                return any(
                    each.kind == "extension" and each.properties.get("cascade")
                    for each in self.promised
                )
        return table in self.open

    def _column(self, names: Names, *, present: bool) -> bool:
        promise = self.by_name.get(("column", names))
        if promise is None:
            return not present and names[:2] in self.gone
        if not present and "identity" in promise.properties:
            return promise.properties["identity"] is None or not promise.present
        return promise.present == present

    def _along_with_removed(self, change: Change) -> bool:
        if change.change != "removed":
            return False
        definition = change.old or {}
        table: Names = tuple(definition.get("table") or ())
        if change.kind in ON_TABLES:
            table = change.names[:2]
        elif change.kind == "published table":
            table = change.names[1:]
            if ("publication", change.names[:1]) in self.removed:
                return True
        elif change.kind in {"comment", "grant"}:
            about = change.names[1:-1] if change.kind == "grant" else change.names[1:]
            if (change.names[0], about) in self.removed:
                return True
            table = about[:2]
        if table in self.gone:
            return True
        if change.kind == "table" and change.names in self.gone:
            return True
        if change.kind not in {"constraint", "index", "statistics"}:
            return False
        columns = definition.get("plain") or definition.get("columns") or ()
        return any((*table, column) in self.dropped_columns for column in columns)


def _moved(promise: Promise) -> set[str]:
    """The Catalog's properties that a promise about an existing object may move."""
    found: set[str] = set()
    for key in promise.properties:
        found.update(MOVES.get(key, (key,)))
    return found


def _key(kind: str, names: Names) -> tuple[str, Names]:
    """The key under which promises and changes meet.

    A function's argument types are reduced to their number: a file spells them otherwise than the
    server does, and overloads that differ in nothing else are not made by accident.
    """
    about_function = kind in {"comment", "grant"} and names[0] == "function" and len(names) > 3
    if (kind == "function" or about_function) and names[-1] != "*":
        return kind, (*names[:-1], str(_argument_count(names[-1])))
    return kind, names


def _argument_count(arguments: str) -> int:
    depth, count = 0, 1 if arguments else 0
    for character in arguments:
        depth += (character == "(") - (character == ")")
        count += character == "," and depth == 0
    return count
