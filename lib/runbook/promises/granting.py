"""Promises of GRANT, REVOKE, ALTER DEFAULT PRIVILEGES and COMMENT."""

from __future__ import annotations

from typing import Any

from ..statements.tree import inner, options, role, roles, strings, word
from .book import Book, reads
from .change import object_name
from .names import Names

# What an object is called in the Catalog's grants and comments.
GRANTED = {
    "TABLE": "table",
    "SEQUENCE": "sequence",
    "FUNCTION": "function",
    "PROCEDURE": "function",
    "ROUTINE": "function",
    "SCHEMA": "schema",
    "TYPE": "type",
    "DOMAIN": "type",
}
COMMENTED = {
    "TABLE": "table",
    "FOREIGN_TABLE": "foreign table",
    "VIEW": "view",
    "MATVIEW": "materialized view",
    "SEQUENCE": "sequence",
    "COLUMN": "column",
    "INDEX": "index",
    "TABCONSTRAINT": "constraint",
    "POLICY": "policy",
    "TRIGGER": "trigger",
    "FUNCTION": "function",
    "PROCEDURE": "function",
    "ROUTINE": "function",
    "AGGREGATE": "function",
    "TYPE": "type",
    "DOMAIN": "type",
    "SCHEMA": "schema",
    "EXTENSION": "extension",
    "PUBLICATION": "publication",
    "EVENT_TRIGGER": "event trigger",
}
ROLES = "roles belong to the whole server, not to this database's catalog"


@reads("grant_stmt")
def grant(book: Book, node: Any) -> None:
    what = word(node, "objtype", "OBJECT_")
    kind = GRANTED.get(what)
    verb = "grant" if node.is_grant else "revoke"
    if kind is None:
        book.not_read(f"{verb} on {what.lower()}", "rights on this kind of object are not read")
        return
    everywhere = word(node, "targtype", "ACL_TARGET_") == "ALL_IN_SCHEMA"
    for item in node.objects:
        if everywhere:
            _everywhere(book, kind, strings([item])[0], node)
        else:
            _speak(book, (kind, *_granted_object(book, kind, what, item)), node)


def _granted_object(book: Book, kind: str, what: str, item: Any) -> Names:
    form, message = inner(item)
    if form == "range_var":
        return book.relation(message)
    found = object_name(book, what, item)
    return found[1] if found else (kind,)


def _everywhere(book: Book, kind: str, schema: str, node: Any) -> None:
    """ON ALL … IN SCHEMA: the file's own objects so far, and those that were there before it."""
    relations = ("table", "view", "materialized view") if kind == "table" else (kind,)
    left_out = {"FUNCTION": "procedure", "PROCEDURE": "function"}.get(
        word(node, "objtype", "OBJECT_")
    )
    for entry in list(book.entries.values()):
        if entry.kind not in relations or not entry.present or entry.names[0] != schema:
            continue
        if kind != "function" or entry.properties.get("form") != left_out:
            _speak(book, (kind, *entry.names), node)
    _speak(book, (f"every {kind}", schema), node)


def _speak(book: Book, names: Names, node: Any) -> None:
    """Add what one GRANT or REVOKE says of one object; the order is kept, the last word counts."""
    known = book.get("grant", names)
    said = list(known.properties["said"]) if known else []
    privileges = [item.access_priv for item in node.privileges]
    whole = tuple(each.priv_name for each in privileges if not each.cols)
    if whole or not privileges:
        said.append((node.is_grant, whole, roles(node.grantees), node.grant_option))
        if not node.is_grant and names[0] == "table":
            # A right revoked on the table is revoked on each of its columns too.
            for entry in book.of_table("grant", names[1:]):
                if entry.names[0] == "column":
                    told = (*entry.properties["said"], said[-1])
                    book.alter("grant", entry.names, said=told)
    for each in privileges:
        for column in strings(each.cols):
            _speak_of_column(book, names, column, each.priv_name, node)
    if said:
        book.alter("grant", names, said=tuple(said))


def _speak_of_column(book: Book, names: Names, column: str, privilege: str, node: Any) -> None:
    key = ("column", *names[1:], column)
    known = book.get("grant", key)
    said = known.properties["said"] if known else ()
    privileges = (privilege,) if privilege else ()
    added = (node.is_grant, privileges, roles(node.grantees), node.grant_option)
    book.alter("grant", key, said=(*said, added))


@reads("alter_default_privileges_stmt")
def default_privileges(book: Book, node: Any) -> None:
    schemas: tuple[str, ...] = ("",)
    owners: tuple[str, ...] = ("current_user",)
    for name, argument in options(node.options):
        items = inner(argument)[1].items
        if name == "schemas":
            schemas = strings(items)
        elif name == "roles":
            owners = tuple(role(item.role_spec) for item in items)
    action = node.action
    kind = word(action, "objtype", "OBJECT_").lower()
    privileges = tuple(item.access_priv.priv_name for item in action.privileges)
    for schema in schemas:
        for owner in owners:
            for grantee in roles(action.grantees):
                names = (kind, schema, owner, grantee)
                known = book.get("default privilege", names)
                said = known.properties["said"] if known else ()
                added = (action.is_grant, privileges, action.grant_option)
                book.alter("default privilege", names, said=(*said, added))


@reads("comment_stmt")
def comment(book: Book, node: Any) -> None:
    what = word(node, "objtype", "OBJECT_")
    found = object_name(book, what, node.object)
    if found is None or what not in COMMENTED:
        book.not_read(f"comment on {what.lower()}", "comments on this kind of object are not read")
        return
    book.alter("comment", (COMMENTED[what], *found[1]), text=node.comment or None)


@reads("grant_role_stmt", "create_role_stmt", "alter_role_stmt", "alter_role_set_stmt")
def membership(book: Book, node: Any) -> None:
    book.not_read("roles", ROLES, may_change=False)


@reads("drop_role_stmt", "drop_owned_stmt", "reassign_owned_stmt")
def wholesale(book: Book, node: Any) -> None:
    book.not_read("drop or reassign owned", "which objects it reaches is not in its text")
