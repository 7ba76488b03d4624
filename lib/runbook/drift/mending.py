"""The SQL that turns one catalog into another: what there is, changed into what there should be.

For a reader, and for a rollback's draft: written from the catalog's own words, and never run on a
target. What cannot be written is said. Rows are nobody's here: what is made anew comes empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..catalog import Catalog, Change, Definition
from ..promises.names import Names, dotted
from .altering import alter
from .making import drop, grant, make, revoke
from .ordering import roots_first

_HOLDERS = ("table", "view", "materialized view")
_ON_RELATION = ("column", "constraint", "policy", "trigger", "rule")
# The catalog's kind and the word that GRANT and default privileges use for it.
_GRANTED = {"table": "table", "view": "table", "materialized view": "table",
            "sequence": "sequence", "function": "function", "type": "type"}  # fmt: skip
_TO_EVERYBODY = {"function": ["execute"], "type": ["usage"]}


@dataclass(frozen=True)
class Mend:
    """One difference and what reconciles it.

    Fields:
        change: from what there is to what there should be.
        statements: in order; none where it goes with another object, or cannot be written.
        says: why there is no statement, or what they lose; "" otherwise.
    """

    change: Change
    statements: tuple[str, ...] = ()
    says: str = ""

    @property
    def written(self) -> bool:
        """Whether the difference is gone once every mend's statements have run."""
        return bool(self.statements) or self.says.startswith("with ")


def mends(changes: Sequence[Change], wanted: Catalog) -> list[Mend]:
    """What reconciles each change.

    Args:
        changes: catalog.diff(there, wanted).
        wanted: the catalog that there should be.
    """
    mending = _Mending(changes, wanted)
    return [mending.of(change) for change in changes]


def script(mended: Sequence[Mend]) -> list[str]:
    """All statements in an order in which they can run: what goes, leaves before roots; then what
    comes and changes, roots before leaves."""
    along: dict[Names, list[Change]] = {}
    for each in mended:
        if each.change.kind in _ON_RELATION and each.change.change == "removed":
            along.setdefault(each.change.names[:2], []).append(each.change)
    gone = [each for each in mended if each.change.change == "removed"]
    rest = [each for each in mended if each.change.change != "removed"]
    order = [*reversed(roots_first(gone, along)), *roots_first(rest, {})]
    found = [text for each in order for text in each.statements]
    # Bodies may mention what is made further down.
    if any(text.startswith("create or replace") for text in found):
        found.insert(0, "set local check_function_bodies = off")
    return found


class _Mending:
    """The changes seen together: what goes with what."""

    def __init__(self, changes: Sequence[Change], wanted: Catalog) -> None:
        self.wanted = wanted
        self.grants = wanted.of("grant")
        self.defaults = wanted.of("default privilege")
        self.sequences = wanted.of("sequence")
        self.gone = {c.names for c in changes if c.change == "removed" and c.kind in _HOLDERS}
        self.removed = {(c.kind, c.names) for c in changes if c.change == "removed"}
        self.columns = {c.names for c in changes if c.change == "removed" and c.kind == "column"}
        self.new = {c.names for c in changes if c.change == "added" and c.kind in _GRANTED}

    def of(self, change: Change) -> Mend:
        if change.change == "removed":
            return self._removed(change)
        if change.change == "added":
            return self._added(change)
        return self._changed(change)

    def _removed(self, change: Change) -> Mend:
        definition = change.old or {}
        holder = self._holder(change.kind, change.names, definition)
        if holder:
            return Mend(change, says=f"with {holder}")
        statements = tuple(drop(change.kind, change.names, definition))
        says = ""
        if change.kind == "table":
            says = "its rows go with it"
        elif change.kind == "column":
            says = "its values go with it"
        return Mend(change, statements, says if statements else "with its constraint or column")

    def _holder(self, kind: str, names: Names, definition: Definition) -> str:
        """The object that takes this one along."""
        table: Names = ()
        if kind in _ON_RELATION:
            table = names[:2]
        elif kind == "index":
            table = tuple(definition["table"])
        elif kind == "sequence":
            column = tuple(definition.get("owned_by") or ())
            return dotted(column) if column in self.columns or column[:2] in self.gone else ""
        elif kind in ("grant", "comment"):
            thing = names[1:-1] if kind == "grant" else names[1:]
            if any((each, thing) in self.removed for each in {names[0], *_kinds(names[0])}):
                return dotted(thing)
            table = thing[:2] if names[0] in (*_ON_RELATION, "column") else ()
        elif kind == "published table":
            table = names[1:]
        return dotted(table) if table in self.gone else ""

    def _added(self, change: Change) -> Mend:
        kind, names, definition = change.kind, change.names, change.new or {}
        if kind == "sequence" and self._identity(definition):
            return Mend(change, says="with its identity column")
        if kind == "grant" and self._owners(names):
            return Mend(change, says="with its owner")
        made = make(kind, names, definition)
        if made is None:
            return Mend(change, says="cannot be written from the catalog")
        if not made:
            return Mend(change, says="with its constraint, parent or column")
        made = [*made, *self._less(kind, names, definition), *self._owned(kind, names)]
        says = "it comes empty" if kind in ("table", "column") else ""
        return Mend(change, tuple(made), says)

    def _changed(self, change: Change) -> Mend:
        kind, names, old, new = change.kind, change.names, change.old or {}, change.new or {}
        if kind == "index" and new.get("constraint"):
            return Mend(change, says="with its constraint")
        found = alter(kind, names, old, new)
        if found is None and kind in ("function", "view", "materialized view"):
            made = make(kind, names, new)
            found = None if made is None else [*drop(kind, names, old), *made]
        if found is None:
            return Mend(change, says="cannot be written from the catalog")
        if any(text.startswith("drop ") for text in found):
            found = [*found, *self._again(kind, names, new)]
        return Mend(change, tuple(found))

    def _identity(self, definition: Definition) -> bool:
        column = self.wanted.get("column", tuple(definition.get("owned_by") or ()))
        return bool(column and column.get("identity"))

    def _owners(self, names: Names) -> bool:
        """Whether a grant is what an owner of a new object has anyway."""
        thing = names[1:-1]
        if thing not in self.new:
            return False
        kinds = (names[0], *_kinds(names[0]))
        there = (self.wanted.get(kind, thing) for kind in kinds)
        return any(each and each.get("owner") == names[-1] for each in there)

    def _given(self, kind: str, names: Names, definition: Definition) -> dict[str, list[str]]:
        """What the default privileges give a new object, by role."""
        word = _GRANTED.get(kind, "")
        given = {"public": _TO_EVERYBODY[word]} if word in _TO_EVERYBODY else {}
        for (what, schema, owner, role), each in self.defaults.items():
            if (what, owner) == (word, definition.get("owner")) and schema in ("", names[0]):
                given[role] = each["privileges"]
        return given

    def _less(self, kind: str, names: Names, definition: Definition) -> Iterator[str]:
        """Take from a new object what the default privileges give and nobody granted."""
        for role, privileges in sorted(self._given(kind, names, definition).items()):
            whom = (_GRANTED[kind], *names, role)
            there = self.wanted.get("grant", whom) or {"privileges": []}
            less = [p for p in privileges if p not in there["privileges"]]
            if less and role != definition.get("owner"):
                yield from revoke(whom, less)

    def _owned(self, kind: str, names: Names) -> Iterator[str]:
        """Give a new column its sequence."""
        if kind != "column":
            return
        for sequence, definition in self.sequences.items():
            if definition.get("owned_by") == list(names) and not self._identity(definition):
                yield f"alter sequence {dotted(sequence)} owned by {dotted(names)}"

    def _again(self, kind: str, names: Names, definition: Definition) -> Iterator[str]:
        """Comments and rights of what was dropped to be made again."""
        comment = self.wanted.get("comment", (kind, *names))
        if comment:
            yield from make("comment", (kind, *names), comment) or ()
        yield from self._less(kind, names, definition)
        given = self._given(kind, names, definition)
        for whom, each in self.grants.items():
            if whom[:-1] == (_GRANTED.get(kind), *names) and whom[-1] != definition.get("owner"):
                more = [p for p in each["privileges"] if p not in given.get(whom[-1], ())]
                yield from grant(whom, more)


def _kinds(word: str) -> tuple[str, ...]:
    """The catalog's kinds that GRANT and COMMENT call by one word."""
    return ("view", "materialized view") if word == "table" else ()
