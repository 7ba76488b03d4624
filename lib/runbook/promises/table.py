"""Promises of CREATE TABLE and ALTER TABLE: tables, columns and what ALTER does to them."""

from __future__ import annotations

from typing import Any

from ..statements.tree import (
    chosen_name,
    expression_text,
    inner,
    option_value,
    options,
    role,
    strings,
    switched_on,
    type_text,
    word,
)
from .book import Book, reads
from .constraint import add_constraint, set_constraint
from .names import Names

SERIALS = {
    "smallserial": "smallint",
    "serial2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
}
COLUMN_FORMS = ("AlterColumn", "ColumnDefault", "SetStatistics", "SetOptions", "ResetOptions")
GENERATED = {"s": "stored", "v": "virtual", "": "stored"}
IDENTITY = {"a": "always", "d": "by default"}


@reads("create_stmt")
def create_table(book: Book, node: Any) -> None:
    if node.relation.relpersistence == "t":
        return
    table = book.relation(node.relation, new=True)
    if node.if_not_exists and book.get("table", table):
        return
    parents = tuple(book.relation(parent.range_var) for parent in node.inh_relations)
    likes = [item for item in node.table_elts if item.WhichOneof("node") == "table_like_clause"]
    book.put(
        "table",
        table,
        form="partitioned table" if node.HasField("partspec") else "table",
        persistence="unlogged" if node.relation.relpersistence == "u" else "permanent",
        rls=False,
        rls_forced=False,
        parents=parents,
        complete=not (parents or likes or node.HasField("of_typename")),
    )
    for item in node.table_elts:
        kind, element = inner(item)
        if kind == "column_def":
            add_column(book, table, element)
    for item in node.table_elts:
        kind, element = inner(item)
        if kind == "constraint":
            add_constraint(book, table, element)


@reads("create_foreign_table_stmt")
def create_foreign_table(book: Book, node: Any) -> None:
    create_table(book, node.base_stmt)
    book.alter("table", book.relation(node.base_stmt.relation), form="foreign table")


@reads("create_table_as_stmt")
def create_table_as(book: Book, node: Any) -> None:
    if node.into.rel.relpersistence == "t":
        return
    names = book.relation(node.into.rel, new=True)
    if word(node, "objtype", "OBJECT_") == "MATVIEW":
        book.put("materialized view", names, populated=not node.into.skip_data)
        return
    book.put("table", names, form="table", rls=False, rls_forced=False, complete=False)


def add_column(book: Book, table: Names, node: Any) -> None:
    """Promise a column, its own constraints, and the sequence behind a serial or an identity."""
    column = (*table, node.colname)
    serial = SERIALS.get(strings(node.type_name.names)[-1]) if node.HasField("type_name") else None
    properties: dict[str, Any] = {"not_null": False, "default": None, "identity": None}
    properties |= {"generated": None, "type": serial}
    if node.HasField("type_name") and not serial:
        properties["type"] = type_text(node.type_name)
    if node.HasField("coll_clause"):
        properties["collation"] = strings(node.coll_clause.collname)[-1]
    if serial:
        properties |= {"not_null": True, "default": "nextval"}
    constraints = []
    for item in node.constraints:
        constraint = item.constraint
        match word(constraint, "contype", "CONSTR_"):
            case "NOTNULL":
                properties["not_null"] = True
            case "NULL":
                properties["not_null"] = False
            case "DEFAULT":
                properties["default"] = expression_text(constraint.raw_expr)
            case "IDENTITY":
                properties |= {"identity": IDENTITY[constraint.generated_when], "not_null": True}
            case "GENERATED":
                properties["generated"] = GENERATED[constraint.generated_kind]
                properties["expression"] = expression_text(constraint.raw_expr)
            case _:
                constraints.append(constraint)
    book.put("column", column, **properties)
    if serial or properties["identity"]:
        taken = [names[1] for kind, names in book.entries if kind == "sequence"]
        name = chosen_name(table[1], node.colname, "seq", taken)
        book.put("sequence", (table[0], name), owned_by=column, implied=True)
    for constraint in constraints:
        add_constraint(book, table, constraint, column=node.colname)


@reads("alter_table_stmt")
def alter_table(book: Book, node: Any) -> None:
    if node.relation.relpersistence == "t":
        return
    kind = {
        "INDEX": "index",
        "VIEW": "view",
        "MATVIEW": "materialized view",
        "SEQUENCE": "sequence",
        "TYPE": "type",
    }.get(word(node, "objtype", "OBJECT_"), "table")
    relation = book.relation(node.relation)
    if kind == "table" and not book.get("table", relation) and book.get("view", relation):
        kind = "view"
    for item in node.cmds:
        command = item.alter_table_cmd
        what = word(command, "subtype", "AT_")
        if kind == "type":
            book.alter("type", relation, attributes=None, other=True)
        elif kind != "table" and (command.name or what.startswith(COLUMN_FORMS)):
            # Columns of views and indexes are no objects of their own in the Catalog.
            book.alter(kind, relation, other=True)
        elif not (
            _columns(book, relation, what, command) or _parts(book, kind, relation, what, command)
        ):
            _whole(book, kind, relation, what, command)


def _columns(book: Book, table: Names, what: str, command: Any) -> bool:
    """The sub-commands about one column; False when this is none of them."""
    column = (*table, command.name)
    definition = inner(getattr(command, "def"))[1]
    match what:
        case "AddColumn":
            if not (command.missing_ok and book.get("column", (*table, definition.colname))):
                add_column(book, table, definition)
        case "DropColumn":
            _drop_column(book, column, cascade=word(command, "behavior", "DROP_") == "CASCADE")
        case "AlterColumnType":
            book.alter("column", column, type=type_text(definition.type_name))
        case "ColumnDefault":
            text = expression_text(getattr(command, "def")) if definition is not None else None
            book.alter("column", column, default=text)
        case "SetNotNull":
            book.alter("column", column, not_null=True)
        case "DropNotNull":
            book.alter("column", column, not_null=False)
        case "AddIdentity":
            identity = IDENTITY[definition.generated_when]
            book.alter("column", column, identity=identity, not_null=True)
            name = chosen_name(table[1], command.name, "seq")
            book.put("sequence", (table[0], name), owned_by=column, implied=True)
        case "SetIdentity":
            book.alter("column", column, other=True)
        case "DropIdentity":
            book.alter("column", column, identity=None)
        case "DropExpression":
            book.alter("column", column, generated=None)
        case "SetExpression":
            book.alter("column", column, expression=expression_text(getattr(command, "def")))
        case "SetStatistics" | "SetStorage" | "SetOptions" | "ResetOptions" | "SetCompression":
            book.alter("column", column, other=True)
        case _:
            return False
    return True


def _drop_column(book: Book, column: Names, *, cascade: bool) -> None:
    for kind in ("constraint", "index"):
        for entry in book.of_table(kind, column[:2]):
            if column[2] in (entry.properties.get("columns") or ()):
                del book.entries[(kind, entry.names)]
    for key in [key for key, each in book.entries.items() if each.names[1:] == column]:
        del book.entries[key]
    book.drop("column", column, cascade=cascade)


def _parts(book: Book, kind: str, table: Names, what: str, command: Any) -> bool:
    """The sub-commands about constraints, triggers and partitions of a table."""
    definition = inner(getattr(command, "def"))[1]
    match what:
        case "AddConstraint":
            add_constraint(book, table, definition)
        case "DropConstraint":
            cascade = word(command, "behavior", "DROP_") == "CASCADE"
            book.drop("constraint", (*table, command.name), cascade=cascade)
        case "ValidateConstraint":
            set_constraint(book, (*table, command.name), validated=True)
        case "AlterConstraint":
            set_constraint(
                book,
                (*table, command.name),
                deferrable=definition.deferrable,
                deferred=definition.initdeferred,
            )
        case "EnableTrig" | "DisableTrig" | "EnableAlwaysTrig" | "EnableReplicaTrig":
            book.alter("trigger", (*table, command.name), enabled=_enabled(what))
        case "EnableTrigAll" | "EnableTrigUser" | "DisableTrigAll" | "DisableTrigUser":
            book.alter("table", table)
            for entry in book.of_table("trigger", table):
                book.alter("trigger", entry.names, enabled=_enabled(what))
        case "AttachPartition" | "DetachPartition":
            child = book.relation(definition.name)
            if book.get("index", child) or kind == "index":
                book.alter("index", child, other=True)
            else:
                parents = (table,) if what == "AttachPartition" else ()
                book.alter("table", child, parents=parents)
        case "AddInherit":
            book.alter("table", table, parents=(book.relation(definition),))
        case "DropInherit":
            book.alter("table", table, parents=())
        case _:
            return False
    return True


def _enabled(what: str) -> str:
    if what.startswith("Disable"):
        return "disabled"
    return {"EnableAlwaysTrig": "always", "EnableReplicaTrig": "replica"}.get(what, "origin")


def _whole(book: Book, kind: str, relation: Names, what: str, command: Any) -> None:
    """The sub-commands about the relation itself."""
    definition = inner(getattr(command, "def"))[1]
    switches = {
        "EnableRowSecurity": {"rls": True},
        "DisableRowSecurity": {"rls": False},
        "ForceRowSecurity": {"rls_forced": True},
        "NoForceRowSecurity": {"rls_forced": False},
        "SetLogged": {"persistence": "permanent"},
        "SetUnLogged": {"persistence": "unlogged"},
    }
    if what in switches:
        book.alter(kind, relation, **switches[what])
    elif what == "ChangeOwner":
        book.alter(kind, relation, owner=role(command.newowner))
    elif what in {"SetRelOptions", "ResetRelOptions"}:
        given = dict(options(definition.items)) if definition is not None else {}
        known = book.get(kind, relation)
        settings = dict((known.properties.get("settings") if known else None) or {})
        for name, argument in given.items():
            settings[name] = str(option_value(argument)).lower() if what[0] == "S" else None
        changes: dict[str, Any] = {"settings": settings}
        if "security_invoker" in given:
            changes["security_invoker"] = what[0] == "S" and switched_on(given["security_invoker"])
        book.alter(kind, relation, **changes)
    elif what == "ReplicaIdentity":
        form = {"n": "nothing", "f": "full", "i": "index", "d": None}
        book.alter(kind, relation, replica_identity=form[definition.identity_type])
    elif what in {"ClusterOn", "DropCluster", "SetTableSpace", "SetAccessMethod"}:
        book.alter(kind, relation, other=True)
    else:
        book.not_read(f"alter table … {what}", "this form of ALTER TABLE is not read")
        book.alter(kind, relation, other=True)
