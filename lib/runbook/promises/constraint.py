"""Promises of constraints and indexes, with PostgreSQL's own names where the file gives none."""

from __future__ import annotations

from typing import Any

from ..statements.tree import (
    chosen_name,
    columns_in,
    expression_text,
    inner,
    strings,
    type_text,
    word,
)
from .book import Book, reads
from .names import Names

FORMS = {
    "PRIMARY": ("primary key", "pkey"),
    "UNIQUE": ("unique", "key"),
    "FOREIGN": ("foreign key", "fkey"),
    "CHECK": ("check", "check"),
    "EXCLUSION": ("exclusion", "excl"),
}


def add_constraint(book: Book, table: Names, node: Any, *, column: str = "") -> None:
    """Promise one constraint of a table, written beside a column or by itself."""
    what = word(node, "contype", "CONSTR_")
    if what.startswith("ATTR_"):
        _attribute(book, table, what)
        return
    if what == "NOTNULL":
        not_null(book, table, strings(node.keys) or (column,))
        return
    if what not in FORMS:
        book.not_read(f"constraint {what.lower()}", "this form of constraint is not read")
        return
    form, label = FORMS[what]
    properties: dict[str, Any] = {
        "form": form,
        "columns": _columns(node, what, column),
        "deferrable": node.deferrable,
        "deferred": node.initdeferred,
        "validated": not node.skip_validation,
    }
    if what == "FOREIGN":
        properties |= {
            "references": book.relation(node.pktable),
            "reference_columns": strings(node.pk_attrs) or None,
            "on_delete": node.fk_del_action,
            "on_update": node.fk_upd_action,
        }
    elif what == "CHECK":
        properties["expression"] = expression_text(node.raw_expr)
    elif node.indexname:
        built = book.entries.pop(("index", (table[0], node.indexname)), None)
        properties["columns"] = built.properties["columns"] if built else None
        properties["index"] = node.indexname
        if built and node.conname:
            # The index takes the constraint's name and lives on behind it.
            book.drop("index", (table[0], node.indexname))
    name = node.conname or node.indexname or _name(book, table, what, label, properties, node)
    if what == "PRIMARY":
        not_null(book, table, properties["columns"] or ())
    elif what == "CHECK":
        properties["columns"] = None
    book.put("constraint", (*table, name), named=bool(node.conname), **properties)


def not_null(book: Book, table: Names, columns: Names) -> None:
    """Promise that these columns take no NULL."""
    for column in columns:
        book.alter("column", (*table, column), not_null=True)


def set_constraint(book: Book, names: Names, **properties: Any) -> None:
    """Promise more about a constraint that exists by now."""
    book.alter("constraint", names, **properties)


def _attribute(book: Book, table: Names, what: str) -> None:
    """DEFERRABLE and its kin beside a column speak of the constraint before them."""
    own = book.of_table("constraint", table)
    if own:
        changes = {
            "ATTR_DEFERRABLE": {"deferrable": True},
            "ATTR_DEFERRED": {"deferrable": True, "deferred": True},
        }
        set_constraint(book, own[-1].names, **changes.get(what, {}))


def _columns(node: Any, what: str, column: str) -> Names:
    match what:
        case "FOREIGN":
            return strings(node.fk_attrs) or (column,)
        case "CHECK":
            return tuple(columns_in(node.raw_expr))
        case "EXCLUSION":
            elements = [inner(pair.list.items[0])[1] for pair in node.exclusions]
            return tuple(_element_name(element) for element in elements)
    return strings(node.keys) or ((column,) if column else ())


def _name(
    book: Book, table: Names, what: str, label: str, properties: dict[str, Any], node: Any
) -> str:
    taken = [entry.names[2] for entry in book.of_table("constraint", table)]
    columns = properties["columns"] or ()
    if what == "PRIMARY" or (what == "CHECK" and len(columns) != 1):
        columns = ()
    return chosen_name(table[1], "_".join(columns), label, taken)


@reads("index_stmt")
def create_index(book: Book, node: Any) -> None:
    if node.relation.relpersistence == "t":
        return
    table = book.relation(node.relation)
    elements = [item.index_elem for item in node.index_params]
    includes = [item.index_elem for item in node.index_including_params]
    name = node.idxname
    if not name:
        taken = [names[1] for kind, names in book.entries if kind == "index"]
        parts = "_".join(_element_name(element) for element in [*elements, *includes])
        name = chosen_name(table[1], parts, "idx", taken)
    elif node.if_not_exists and book.get("index", (table[0], name)):
        return
    book.put(
        "index",
        (table[0], name),
        table=table,
        named=bool(node.idxname),
        method=node.access_method or "btree",
        unique=node.unique,
        columns=tuple(element.name or None for element in elements),
        opclasses=tuple(strings(element.opclass)[-1:] for element in elements),
        includes=tuple(element.name for element in includes),
        predicate=expression_text(node.where_clause) if node.HasField("where_clause") else None,
        nulls_not_distinct=node.nulls_not_distinct,
    )


def _element_name(element: Any) -> str:
    """What PostgreSQL calls an index column when it makes up a name."""
    return element.name or _figured(element.expr) or "expr"


def _figured(node: Any) -> str:
    kind, message = inner(node)
    match kind:
        case "func_call":
            return strings(message.funcname)[-1]
        case "column_ref":
            return strings(message.fields)[-1]
        case "coalesce_expr":
            return "coalesce"
        case "type_cast":
            return _figured(message.arg) or strings(message.type_name.names)[-1]
        case "collate_clause" | "a_indirection":
            return _figured(message.arg)
    return ""


@reads("create_domain_stmt")
def create_domain(book: Book, node: Any) -> None:
    names = book.qualified(strings(node.domainname))
    book.put("type", names, form="domain", base=type_text(node.type_name), not_null=False)
    for item in node.constraints:
        _domain_constraint(book, names, item.constraint)


@reads("alter_domain_stmt")
def alter_domain(book: Book, node: Any) -> None:
    names = book.qualified(strings(item for item in node.type_name), "type")
    match node.subtype:
        case "T":
            present = node.HasField("def")
            text = expression_text(getattr(node, "def")) if present else None
            book.alter("type", names, default=text)
        case "N" | "O":
            book.alter("type", names, not_null=node.subtype == "O")
        case "C":
            _domain_constraint(book, names, getattr(node, "def").constraint)
        case "X":
            book.drop("constraint", (*names, node.name))
        case "V":
            set_constraint(book, (*names, node.name), validated=True)


def _domain_constraint(book: Book, names: Names, node: Any) -> None:
    match word(node, "contype", "CONSTR_"):
        case "NOTNULL":
            book.alter("type", names, not_null=True)
        case "DEFAULT":
            book.alter("type", names, default=expression_text(node.raw_expr))
        case "CHECK":
            taken = [entry.names[2] for entry in book.of_table("constraint", names)]
            name = node.conname or chosen_name(names[1], "", "check", taken)
            book.put(
                "constraint",
                (*names, name),
                form="check",
                named=bool(node.conname),
                columns=None,
                expression=expression_text(node.raw_expr),
                validated=not node.skip_validation,
            )


@reads("create_stats_stmt")
def create_statistics(book: Book, node: Any) -> None:
    if node.defnames:
        book.put("statistics", book.qualified(strings(node.defnames)))
    else:
        book.not_read("create statistics", "statistics without a name are not read")
