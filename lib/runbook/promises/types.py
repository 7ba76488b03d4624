"""Promises of schemas, extensions, types, sequences and publications."""

from __future__ import annotations

from typing import Any

from ..statements.tree import inner, option_value, options, strings, type_text, word
from .book import READERS, Book, reads


@reads("create_schema_stmt")
def create_schema(book: Book, node: Any) -> None:
    name = node.schemaname or node.authrole.rolename
    book.put("schema", (name,), may_exist=node.if_not_exists)
    outer, book.path = book.path, (name, *(book.path or ("public",)))
    for element in node.schema_elts:
        kind, statement = inner(element)
        if kind in READERS:
            READERS[kind](book, statement)
    book.path = outer


@reads("create_extension_stmt")
def create_extension(book: Book, node: Any) -> None:
    given = {name: option_value(argument) for name, argument in options(node.options)}
    properties: dict[str, Any] = {"schema": given["schema"]} if "schema" in given else {}
    # `if not exists` leaves an extension where it is: its schema is then no promise.
    if node.if_not_exists:
        properties = {"wanted_schema": given.get("schema"), "may_exist": True}
    properties["cascade"] = bool(given.get("cascade"))
    book.put("extension", (node.extname,), **properties)


@reads("alter_extension_stmt")
def alter_extension(book: Book, node: Any) -> None:
    book.alter("extension", (node.extname,), other=True)


@reads("create_enum_stmt")
def create_enum(book: Book, node: Any) -> None:
    names = book.qualified(strings(node.type_name))
    book.put("type", names, form="enum", labels=strings(node.vals))


@reads("alter_enum_stmt")
def alter_enum(book: Book, node: Any) -> None:
    names = book.qualified(strings(node.type_name), "type")
    known = book.get("type", names)
    labels = known.properties.get("labels") if known else None
    if not labels:
        # Made elsewhere: only the labels that this file speaks of are promised.
        extra = known.properties.get("has_labels", ()) if known else ()
        gone = known.properties.get("lacks_labels", ()) if known else ()
        lacks = (*gone, node.old_val) if node.old_val else gone
        moved = known.properties.get("renamed_labels", ()) if known else ()
        if node.old_val:
            moved = (*moved, (node.old_val, node.new_val))
        told = {"has_labels": (*extra, node.new_val), "lacks_labels": lacks}
        book.alter("type", names, renamed_labels=moved, **told)
        return
    after = list(labels)
    if node.old_val:
        after[after.index(node.old_val)] = node.new_val
    elif node.new_val not in after:
        place = len(after)
        if node.new_val_neighbor:
            place = after.index(node.new_val_neighbor) + bool(node.new_val_is_after)
        after.insert(place, node.new_val)
    book.alter("type", names, labels=tuple(after))


@reads("composite_type_stmt")
def create_composite(book: Book, node: Any) -> None:
    columns = [inner(item)[1] for item in node.coldeflist]
    attributes = tuple((each.colname, type_text(each.type_name)) for each in columns)
    names = book.relation(node.typevar, new=True)
    book.put("type", names, form="composite", attributes=attributes)


@reads("create_range_stmt")
def create_range(book: Book, node: Any) -> None:
    book.put("type", book.qualified(strings(node.type_name)), form="range")


@reads("create_seq_stmt")
def create_sequence(book: Book, node: Any) -> None:
    if node.sequence.relpersistence == "t":
        return
    names = book.relation(node.sequence, new=True)
    book.put("sequence", names, **_sequence_options(book, node.options))


@reads("alter_seq_stmt")
def alter_sequence(book: Book, node: Any) -> None:
    names = book.relation(node.sequence)
    book.alter("sequence", names, **_sequence_options(book, node.options))


def _sequence_options(book: Book, nodes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, argument in options(nodes):
        match name:
            case "owned_by":
                parts = option_value(argument)
                if parts != ("none",):
                    found["owned_by"] = (*book.qualified(parts[:-1], "table"), parts[-1])
            case "increment" | "start" | "cache":
                found[name] = int(option_value(argument))
            case "cycle":
                found["cycle"] = bool(option_value(argument))
    return found


@reads("create_publication_stmt")
def create_publication(book: Book, node: Any) -> None:
    book.put("publication", (node.pubname,), all_tables=node.for_all_tables)
    _publish(book, node.pubname, node.pubobjects, present=True)


@reads("alter_publication_stmt")
def alter_publication(book: Book, node: Any) -> None:
    book.alter("publication", (node.pubname,), other=True)
    if node.pubobjects:
        action = word(node, "action", "AP_")
        if action == "SetObjects":
            book.not_read("alter publication … set table", "which tables it takes out is not read")
        _publish(book, node.pubname, node.pubobjects, present=action != "DropObjects")


def _publish(book: Book, publication: str, nodes: Any, *, present: bool) -> None:
    for node in nodes:
        item = node.publication_obj_spec
        if item.HasField("pubtable"):
            names = (publication, *book.relation(item.pubtable.relation))
            kind = "published table"
        else:
            kind, names = "published schema", (publication, item.name)
        if present:
            book.put(kind, names)
        else:
            book.drop(kind, names)
