"""Promises of DROP, RENAME, OWNER TO and SET SCHEMA."""

from __future__ import annotations

from typing import Any

from ..statements.tree import argument_types, inner, role, strings, word
from .book import ON_TABLES, Book, reads
from .names import Names

KINDS = {
    "TABLE": "table",
    "FOREIGN_TABLE": "table",
    "VIEW": "view",
    "MATVIEW": "materialized view",
    "SEQUENCE": "sequence",
    "INDEX": "index",
    "TYPE": "type",
    "DOMAIN": "type",
    "FUNCTION": "function",
    "PROCEDURE": "function",
    "AGGREGATE": "function",
    "ROUTINE": "function",
    "SCHEMA": "schema",
    "EXTENSION": "extension",
    "POLICY": "policy",
    "TRIGGER": "trigger",
    "RULE": "rule",
    "TABCONSTRAINT": "constraint",
    "DOMCONSTRAINT": "constraint",
    "COLUMN": "column",
    "PUBLICATION": "publication",
    "EVENT_TRIGGER": "event trigger",
    "STATISTIC_EXT": "statistics",
}


def object_name(book: Book, what: str, node: Any) -> tuple[str, Names] | None:
    """The Catalog's kind and name of an object that a statement points at; None if unknown.

    Args:
        what: the parser's word for the kind of object, e.g. "TABLE".
        node: the Node that names it.
    """
    kind = KINDS.get(what)
    form, message = inner(node)
    if kind is None or message is None:
        return None
    if form == "object_with_args":
        return kind, book.routine(message.objname, argument_types(message))
    if form == "string":
        return kind, (message.sval,)
    if form == "type_name":
        return kind, book.qualified(strings(message.names), "type")
    if form != "list":
        return None
    first = inner(message.items[0])
    if first[0] == "type_name":  # a domain's constraint: the type, then the name
        names = book.qualified(strings(first[1].names), "type")
        return kind, (*names, inner(message.items[1])[1].sval)
    parts = strings(message.items)
    if kind in ON_TABLES:
        table = book.qualified(parts[:-1], "table", "view", "materialized view")
        return kind, (*table, parts[-1])
    return kind, book.qualified(parts, kind)


@reads("drop_stmt")
def drop(book: Book, node: Any) -> None:
    what = word(node, "remove_type", "OBJECT_")
    cascade = word(node, "behavior", "DROP_") == "CASCADE"
    for item in node.objects:
        found = object_name(book, what, item)
        if found is None:
            named = what.lower().replace("_", " ")
            book.not_read(f"drop {named}", f"the removal of a {named} is not read")
        else:
            book.drop(*found, cascade=cascade)


@reads("rename_stmt")
def rename(book: Book, node: Any) -> None:
    what = word(node, "rename_type", "OBJECT_")
    kind = KINDS.get(what)
    if what in {"TABCONSTRAINT", "COLUMN", "POLICY", "TRIGGER", "RULE"} and kind:
        table = book.relation(node.relation)
        of_view = word(node, "relation_type", "OBJECT_") in {"VIEW", "MATVIEW"}
        if what == "COLUMN" and of_view:
            # Columns of views are no objects of their own in the Catalog.
            view = "view" if word(node, "relation_type", "OBJECT_") == "VIEW" else KINDS["MATVIEW"]
            book.alter(view, table, other=True)
            return
        book.rename(kind, (*table, node.subname), (*table, node.newname))
        if kind == "column":
            _rename_inside(book, table, node.subname, node.newname)
        elif kind == "constraint":
            _rename_twin(book, "index", (table[0], node.subname), (table[0], node.newname))
    elif what == "DOMCONSTRAINT":
        domain = book.qualified(strings(inner(node.object)[1].items), "type")
        book.rename("constraint", (*domain, node.subname), (*domain, node.newname))
    elif what in {"TABLE", "FOREIGN_TABLE", "VIEW", "MATVIEW", "SEQUENCE", "INDEX"} and kind:
        old = book.relation(node.relation)
        for other in ("view", "materialized view", "sequence", "index"):
            if kind == "table" and not book.get(kind, old) and book.get(other, old):
                kind = other
        book.rename(kind, old, (old[0], node.newname))
    elif found := object_name(book, what, node.object):
        kind, old = found
        position = 1 if kind in {"function", "type"} else len(old) - 1
        book.rename(kind, old, (*old[:position], node.newname, *old[position + 1 :]))
    else:
        book.not_read(f"rename {what.lower()}", "this form of RENAME is not read")


def _rename_inside(book: Book, table: Names, old: str, new: str) -> None:
    """Carry a column's new name into the keys and indexes that mention it."""
    for kind in ("constraint", "index"):
        for entry in book.of_table(kind, table):
            columns = entry.properties.get("columns")
            if columns and old in columns:
                renamed = tuple(new if column == old else column for column in columns)
                book.alter(kind, entry.names, columns=renamed)


def _rename_twin(book: Book, kind: str, old: Names, new: Names) -> None:
    if book.get(kind, old):
        book.rename(kind, old, new)


@reads("alter_object_schema_stmt")
def set_schema(book: Book, node: Any) -> None:
    what = word(node, "object_type", "OBJECT_")
    if what == "EXTENSION":
        book.alter("extension", (inner(node.object)[1].sval,), schema=node.newschema)
        return
    kind = KINDS.get(what)
    if node.HasField("relation") and kind:
        old = book.relation(node.relation)
        book.rename(kind, old, (node.newschema, *old[1:]))
    elif found := object_name(book, what, node.object):
        book.rename(found[0], found[1], (node.newschema, *found[1][1:]))
    else:
        book.not_read(f"set schema of {what.lower()}", "this form of SET SCHEMA is not read")


@reads("alter_owner_stmt")
def set_owner(book: Book, node: Any) -> None:
    what = word(node, "object_type", "OBJECT_")
    found = object_name(book, what, node.object)
    if found is None:
        book.not_read(f"owner of {what.lower()}", "this form of OWNER TO is not read")
    else:
        book.alter(*found, owner=role(node.newowner))
