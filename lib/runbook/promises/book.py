"""What has been promised so far, while a file is read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ..statements.tree import strings
from .names import Names, identity

ON_TABLES = frozenset({"column", "constraint", "policy", "trigger", "rule"})
RELATIONS = ("table", "view", "materialized view", "sequence", "index")


@dataclass(frozen=True)
class Promise:
    """What one object will be like once the file has run.

    Fields:
        kind: as in the Catalog: table, column, policy, grant …; "not read" for a statement whose
            effect cannot be told from its text.
        names: the object's name in its parts (see names.py); functions carry their argument
            types as the file spells them, "*" where it names none.
        line: of the statement that said so last.
        properties: only those that the file determines. `created` says that the file makes the
            object from nothing, so that its properties are complete.
        present: False where the file drops it.
        path: the search_path the file has set at that point; None for the session's own.
    """

    kind: str
    names: Names
    line: int
    properties: Mapping[str, Any]
    present: bool = True
    path: tuple[str, ...] | None = None

    @property
    def object(self) -> str:
        """The object's name as an operator reads it."""
        if self.kind == "grant":
            return identity("comment", self.names)
        return identity(self.kind, self.names)

    @property
    def created(self) -> bool:
        """Whether the file makes it from nothing."""
        return bool(self.properties.get("created"))


@dataclass
class Book:
    """The promises of a file, statement by statement."""

    entries: dict[tuple[str, Names], Promise] = field(default_factory=dict)
    unread: list[Promise] = field(default_factory=list)
    path: tuple[str, ...] | None = None
    line: int = 0

    def put(self, kind: str, names: Names, **properties: Any) -> None:
        """Promise a new object; what was promised under this name before is void."""
        properties["created"] = True
        self._write(kind, names, properties)

    def alter(self, kind: str, names: Names, **properties: Any) -> None:
        """Promise more about an object, made by this file or found by it."""
        known = self.entries.get((kind, names))
        old = dict(known.properties) if known and known.present else {}
        self._write(kind, names, old | properties)

    def drop(self, kind: str, names: Names, *, cascade: bool = False) -> None:
        """Promise an object's absence, and forget what belonged to it."""
        if kind in RELATIONS or kind == "type":
            for key in [key for key, entry in self.entries.items() if self.belongs(entry, names)]:
                del self.entries[key]
        else:
            self.entries.pop(("comment", (kind, *names)), None)
            self.entries.pop(("grant", (kind, *names)), None)
        self._write(kind, names, {"cascade": cascade}, present=False)

    def rename(self, kind: str, old: Names, new: Names) -> None:
        """Move an object, and what belongs to it, to another name."""
        moved = {}
        for key, entry in list(self.entries.items()):
            names = entry.names
            if (entry.kind, names) == (kind, old):
                names = new
            elif entry.kind == "comment" and names == (kind, *old):
                names = (kind, *new)
            elif kind in RELATIONS and self.belongs(entry, old):
                names = _moved(names, old, new)
                if entry.kind in {"index", "sequence"}:
                    names = (new[0], *names[1:])
            properties = {
                name: new if value == old else value for name, value in entry.properties.items()
            }
            moved[(entry.kind, names)] = replace(
                entry, names=names, properties=MappingProxyType(properties)
            )
            del self.entries[key]
        self.entries.update(moved)
        known = self.get(kind, new)
        if known is None or not known.created:
            self.alter(kind, new, renamed_from=old)
        self._write(kind, old, {"cascade": False, "renamed_to": new}, present=False)

    def get(self, kind: str, names: Names) -> Promise | None:
        """What is promised of this object, if the file said anything."""
        entry = self.entries.get((kind, names))
        return entry if entry and entry.present else None

    def of_table(self, kind: str, table: Names) -> list[Promise]:
        """Everything of one kind that is promised on one table."""
        return [e for e in self.entries.values() if e.kind == kind and self.belongs(e, table)]

    def not_read(self, what: str, reason: str, *, may_change: bool = True) -> None:
        """Say of a statement that its effect cannot be told from its text."""
        properties = MappingProxyType({"reason": reason, "may_change": may_change})
        self.unread.append(
            Promise("not read", (f"{what}, line {self.line}",), self.line, properties)
        )

    def relation(self, range_var: Any, *, new: bool = False) -> Names:
        """A relation's full name: as written, or where the search_path leads."""
        if range_var.schemaname:
            return (range_var.schemaname, range_var.relname)
        return self.qualified((range_var.relname,), *(() if new else RELATIONS))

    def qualified(self, names: Names, *kinds: str) -> Names:
        """Give an unqualified name its schema: that of this file's own object, or the first one."""
        if len(names) > 1:
            return names[-2:]
        schemas = [schema for schema in self.path or ("public",) if schema != "$user"]
        for schema in schemas:
            if any(self.get(kind, (schema, names[0])) for kind in kinds):
                return (schema, names[0])
        return (schemas[0] if schemas else "public", names[0])

    def routine(self, nodes: Any, arguments: str | None) -> Names:
        """A function's full name; argument types are matched with what this file made."""
        names = self.qualified(strings(nodes))
        own = [
            entry.names
            for entry in self.entries.values()
            if entry.kind == "function" and entry.present and entry.names[:2] == names
        ]
        if arguments is None:
            return own[0] if len(own) == 1 else (*names, "*")
        loose = _last_parts(arguments)
        alike = [each for each in own if each[2] == arguments or _last_parts(each[2]) == loose]
        return alike[0] if alike else (*names, arguments)

    @staticmethod
    def belongs(entry: Promise, relation: Names) -> bool:
        """Whether a promise is about something that comes and goes with this relation."""
        if entry.kind in ON_TABLES:
            return entry.names[:2] == relation
        if entry.kind in {"comment", "grant"} and entry.names[0] not in {"function", "schema"}:
            return entry.names[1:3] == relation
        if entry.kind == "published table":
            return entry.names[1:] == relation
        if entry.kind == "index":
            return entry.properties.get("table") == relation
        return entry.kind == "sequence" and entry.properties.get("owned_by", ())[:2] == relation

    def all(self) -> Iterator[Promise]:
        """The promises in the order in which they were last spoken of."""
        yield from sorted([*self.entries.values(), *self.unread], key=lambda entry: entry.line)

    def _write(self, kind: str, names: Names, properties: dict[str, Any], *, present=True) -> None:
        self.entries[(kind, names)] = Promise(
            kind, names, self.line, MappingProxyType(properties), present, self.path
        )


Reader = Callable[[Book, Any], None]
READERS: dict[str, Reader] = {}


def reads(*kinds: str) -> Callable[[Reader], Reader]:
    """Mark a function as the reader of these statement kinds."""

    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(kinds, reader))
        return reader

    return register


def _moved(names: Names, old: Names, new: Names) -> Names:
    """Replace the relation inside the name of something that belongs to it."""
    for start in (0, 1):
        if names[start : start + 2] == old:
            return (*names[:start], *new, *names[start + 2 :])
    return names


def _last_parts(arguments: str) -> list[str]:
    return [part.rpartition(".")[2] for part in arguments.split(", ")]
