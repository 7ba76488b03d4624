"""Who stands on what a rollback drops: pg_depend asked about everything that is not going itself.

A view that somebody made by hand, a policy of another table, a foreign key of a later migration:
without CASCADE the drop fails on them, with it they go too. Either way it is said before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import psycopg

from ..resources import query
from ..sql import Script, Statement

_TYPES = {
    "OBJECT_TABLE": "table",
    "OBJECT_FOREIGN_TABLE": "foreign table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_INDEX": "index",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "procedure",
    "OBJECT_ROUTINE": "routine",
    "OBJECT_AGGREGATE": "aggregate",
    "OBJECT_POLICY": "policy",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_RULE": "rule",
}


class Address(NamedTuple):
    """An object as pg_get_object_address() takes it."""

    type: str
    names: tuple[str, ...]
    arguments: tuple[str, ...] = ()


class Dependent(NamedTuple):
    """An object that stays, and what it needs of those that go; both as PostgreSQL words them."""

    object: str
    needs: str


def dropped(script: Script) -> list[Address]:
    """What a script drops by name, in its order."""
    return [address for statement in script.statements for address in _addresses(statement)]


def outside(conn: psycopg.Connection, going: Sequence[Address]) -> list[Dependent]:
    """The objects that need one of these and do not go with them; in reading order."""
    found: list[tuple[int, int]] = []
    for address in going:
        try:
            with conn.transaction():
                row = conn.execute(
                    "select classid, objid from pg_get_object_address(%s, %s, %s)",
                    [address.type, list(address.names), list(address.arguments)],
                ).fetchone()
        except psycopg.Error:
            if conn.closed:
                raise
            continue  # not there: the rollback file itself will say so
        assert row is not None
        found.append(row)
    rows = conn.execute(
        query("dependents"),
        {"classes": [each[0] for each in found], "objects": [each[1] for each in found]},
    ).fetchall()
    return [Dependent(*row) for row in rows]


def _addresses(statement: Statement) -> Iterator[Address]:
    if statement.kind != "drop_stmt":
        return
    node = statement.node
    kind = _TYPES.get(_enum(node, "remove_type"))
    if kind is None:
        return
    for item in node.objects:
        which = item.WhichOneof("node")
        if which == "object_with_args":
            target = item.object_with_args
            names = _qualified(kind, [part.string.sval for part in target.objname])
            yield Address(kind, names, tuple(_type(each.type_name) for each in target.objargs))
        elif which == "type_name":
            yield Address(kind, (_type(item.type_name),))
        elif which == "list":
            names = [part.string.sval for part in item.list.items]
            yield Address(kind, _qualified(kind, names))
        elif which == "string":
            yield Address(kind, (item.string.sval,))


def _qualified(kind: str, names: list[str]) -> tuple[str, ...]:
    full = 3 if kind in ("policy", "trigger", "rule") else 2
    return tuple(names if len(names) >= full else ["public", *names])


def _type(node: Any) -> str:
    from ..promises.names import dotted

    name = dotted(tuple(part.string.sval for part in node.names))
    return name + "[]" * len(node.array_bounds)


def _enum(node: Any, name: str) -> str:
    field = node.DESCRIPTOR.fields_by_name[name]
    return field.enum_type.values_by_number[getattr(node, name)].name
