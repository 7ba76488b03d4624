"""Who needs whom: which earlier file made what a file mentions.

A file needs the last file before it that created, replaced or dropped an object which it names, and
the one that added a column which it names beside that column's table. Names come from the parse
tree, bodies of functions and DO blocks included; objects that no file makes are the server's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from ..promises.book import Promise
from ..promises.names import Names, dotted
from ..promises.promise import promises
from ..sql import Script, Statement
from ..statements.inside import inside
from ..statements.tree import inner, strings

_OBJECTS = ("table", "view", "materialized view", "sequence", "type", "index")
_WORDS = (pb.ColumnRef, pb.Constraint)  # their lists of strings are columns


class Authors:
    """The files read so far, by what they made."""

    def __init__(self) -> None:
        self._by_name: dict[Names, str] = {}
        self._columns: dict[str, list[tuple[Names, str]]] = {}

    def requires(self, script: Script) -> tuple[str, ...]:
        """The versions whose objects the file mentions, in order."""
        named, words = mentions(script.statements)
        found = set()
        for names in named:
            found |= {self._by_name[key] for key in _keys(names) if key in self._by_name}
        tables = {key for names in named for key in _keys(names)}
        for word in words:
            found |= {version for table, version in self._columns.get(word, ()) if table in tables}
        return tuple(sorted(found, key=lambda version: (int(version), version)))

    def replaced(self, script: Script) -> list[str]:
        """What CREATE OR REPLACE finds there already, in words."""
        found = []
        for statement in script.statements:
            node, names = statement.node, ()
            if statement.kind == "view_stmt" and node.replace:
                names = (node.view.schemaname or "public", node.view.relname)
            elif statement.kind == "create_function_stmt" and node.replace:
                names = strings(node.funcname)
                names = names if len(names) > 1 else ("public", *names)
            if names in self._by_name:
                found.append(f"replaces {dotted(names)} (line {statement.line})")
        return found

    def add(self, version: str, script: Script) -> list[Promise]:
        """Remember what this file makes, since later files may need it; what it promises."""
        promised = promises(script.statements)
        own = {each.names for each in promised if each.kind == "table" and each.created}
        for promise in promised:
            names = promise.names
            if promise.kind == "column":
                if promise.present and names[:2] not in own:
                    self._columns.setdefault(names[2], []).append((names[:2], version))
            elif promise.created or not promise.present:
                for key in _made(promise.kind, names):
                    self._by_name[key] = version
        return promised


def _made(kind: str, names: Names) -> Iterator[Names]:
    """The keys under which an object is looked up: qualified, and bare for an unqualified use."""
    if kind in (*_OBJECTS, "function"):
        yield names[:2]
        yield names[1:2]
    elif kind in ("schema", "extension"):
        yield (f"{kind} {names[-1]}",)
    elif kind in ("policy", "trigger", "rule", "constraint"):
        yield names


def _keys(names: Names) -> Iterable[Names]:
    """What a mention may stand for: the object, its table, its schema."""
    if len(names) == 1:
        return (names, ("public", names[0]), (f"schema {names[0]}",), (f"extension {names[0]}",))
    short = (names[0], names[1])
    of_public = ("public", names[0], names[1])  # "policy on a table", written without a schema
    return (names, short, (f"schema {names[0]}",), of_public, names[:1])


def mentions(statements: Sequence[Statement]) -> tuple[set[Names], set[str]]:
    """Dotted names, and single words that may be columns."""
    named: set[Names] = set()
    words: set[str] = set()
    for statement in statements:
        for node in (statement.node, *inside(statement)):
            for _, message in postgast.walk(node):
                _mention(message, named, words)
    return named, words


def _mention(message: Any, named: set[Names], words: set[str]) -> None:
    if isinstance(message, pb.RangeVar):
        schema = (message.schemaname,) if message.schemaname else ()
        named.add((*schema, message.relname))
    elif isinstance(message, pb.ResTarget | pb.IndexElem | pb.AlterTableCmd):
        words.add(message.name)
    elif isinstance(message, pb.CreatePolicyStmt | pb.AlterPolicyStmt):
        named.add((*_relation(message.table), message.policy_name))
    elif isinstance(message, pb.CreateExtensionStmt):
        named.add((message.extname,))
    for descriptor, value in message.ListFields():
        if not descriptor.is_repeated or descriptor.message_type is None:
            continue
        if descriptor.message_type.name != "Node":
            continue
        kinds = [inner(item) for item in value]
        parts = tuple(each.sval for kind, each in kinds if kind == "string")
        if not parts or len(parts) != len(kinds):
            continue
        if isinstance(message, _WORDS):
            words.update(parts)
        else:
            named.add(parts)


def _relation(node: Any) -> Names:
    return (node.schemaname or "public", node.relname)
