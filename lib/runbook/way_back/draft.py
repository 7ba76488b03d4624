"""A rollback file drafted from the migration's own SQL: its statements' inverses, in reverse order.

Everything is read from the parse tree. What has no inverse (rows, a type that was changed, SQL in a
DO block) is not guessed: it stands in the draft as a comment, with its line, for a person to write.
What has one only if something was so before (IF NOT EXISTS, a grant on somebody else's table) is
written, and marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast

from ..promises.names import dotted, quoted
from ..sql import Script, Statement

_DROPS = {
    "create_stmt": "table",
    "view_stmt": "view",
    "index_stmt": "index",
    "create_seq_stmt": "sequence",
    "create_schema_stmt": "schema",
    "create_extension_stmt": "extension",
    "create_enum_stmt": "type",
    "create_range_stmt": "type",
    "composite_type_stmt": "type",
    "create_table_as_stmt": "table",
    "create_function_stmt": "function",
    "create_trig_stmt": "trigger",
}
ROWS = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "truncate_stmt"})
Name = tuple[str, ...]


@dataclass(frozen=True)
class Inverse:
    """What takes one statement back.

    Fields:
        line: of the statement.
        sql: the inverse, "" where there is none.
        says: why there is none, or what it takes for granted; "" for a certain one.
    """

    line: int
    sql: str = ""
    says: str = ""


@dataclass(frozen=True)
class Draft:
    """A drafted rollback file.

    Fields:
        text: the file.
        missing: statements without an inverse.
        assumed: inverses that take something for granted.
    """

    text: str
    missing: tuple[Inverse, ...]
    assumed: tuple[Inverse, ...]

    @property
    def complete(self) -> bool:
        """Whether it takes everything back, nothing guessed."""
        return not self.missing and not self.assumed


def draft(script: Script, name: str) -> Draft:
    """The draft for a migration's script."""
    made = _Made(script)
    inverses = [each for statement in reversed(script.statements) for each in made.of(statement)]
    missing = tuple(each for each in inverses if not each.sql)
    assumed = tuple(each for each in inverses if each.sql and each.says)
    lines = [f"-- Rollback of {name}: takes back every object, newest first."]
    lines += ["--", "-- Drafted from the migration's SQL; read it, then make it yours.", ""]
    for each in missing:
        lines.append(f"-- MISSING, line {each.line}: {each.says}")
    if missing:
        lines.append("")
    for each in inverses:
        if each.sql:
            lines += [f"-- Line {each.line}: {each.says}"] if each.says else []
            lines.append(f"{each.sql};")
    return Draft("\n".join(lines) + "\n", missing, assumed)


class _Made:
    """What a script creates itself: that, and everything on it, goes with the drop."""

    def __init__(self, script: Script) -> None:
        self.relations: set[Name] = set()
        self.routines: set[Name] = set()
        self.others: set[Name] = set()
        for statement in script.statements:
            node = statement.node
            match statement.kind:
                case "create_stmt":
                    self.relations.add(_relation(node.relation))
                case "view_stmt":
                    self.relations.add(_relation(node.view))
                case "create_table_as_stmt":
                    self.relations.add(_relation(node.into.rel))
                case "create_seq_stmt":
                    self.relations.add(_relation(node.sequence))
                case "create_function_stmt":
                    self.routines.add(_words(node.funcname))
                case "index_stmt":
                    self.others.add((node.relation.schemaname or "public", node.idxname))
                case "create_schema_stmt":
                    self.others.add((node.schemaname,))
                case "create_extension_stmt":
                    self.others.add((node.extname,))
                case "create_enum_stmt" | "create_range_stmt":
                    self.others.add(_words(node.type_name))
                case "create_domain_stmt":
                    self.others.add(_words(node.domainname))

    def of(self, statement: Statement) -> Iterator[Inverse]:
        """The inverse of one statement; none where it goes with an object that goes."""
        kind, node, line = statement.kind, statement.node, statement.line
        if kind in _DROPS:
            yield _dropped(statement)
        elif kind == "create_policy_stmt":
            table = dotted(_relation(node.table))
            yield Inverse(line, f"drop policy {quoted(node.policy_name)} on {table}")
        elif kind == "create_role_stmt":
            yield Inverse(line, f"drop role {quoted(node.role)}")
        elif kind == "create_domain_stmt":
            yield Inverse(line, f"drop domain {dotted(_words(node.domainname))}")
        elif kind == "alter_table_stmt":
            if _relation(node.relation) not in self.relations:
                yield from _altered(statement)
        elif kind == "grant_stmt":
            if not self._all_ours(node.objects):
                yield _granted(statement)
        elif kind == "grant_role_stmt":
            yield _granted(statement, "grant_role_stmt")
        elif kind == "alter_default_privileges_stmt":
            yield _granted(statement, kind)
        elif kind == "comment_stmt":
            if not self._ours(node.object):
                yield _commented(statement)
        elif kind in ROWS:
            yield from self._rows(statement)
        elif kind != "variable_set_stmt":
            yield Inverse(line, "", f"{statement.title}: has no inverse that the SQL tells")

    def _rows(self, statement: Statement) -> Iterator[Inverse]:
        relations = [statement.node.relation] if statement.kind != "truncate_stmt" else []
        if not relations or _relation(relations[0]) not in self.relations:
            yield Inverse(statement.line, "", f"{statement.title}: rows have no inverse")

    def _all_ours(self, objects: Any) -> bool:
        return all(self._ours(item) for item in objects)

    def _ours(self, item: Any) -> bool:
        """Whether an object of GRANT or COMMENT, or the one it is on, is made here."""
        match item.WhichOneof("node"):
            case "range_var":
                return _relation(item.range_var) in self.relations
            case "object_with_args":
                return _words(item.object_with_args.objname) in self.routines
            case "type_name":
                return _words(item.type_name.names) in self.others
            case "string":
                return (item.string.sval,) in self.others
            case "list":
                names = _words(item.list.items)
                places = {names, names[:2], names[:-1]}
                return bool(places & (self.relations | self.others))
        return False


def _dropped(statement: Statement) -> Inverse:
    kind, node = statement.kind, statement.node
    says = ""
    if kind == "index_stmt" and not node.idxname:
        return Inverse(statement.line, "", f"{statement.title}: an index that the server names")
    if getattr(node, "replace", False):
        says = "OR REPLACE: taken for new; what it replaced is not known"
    if getattr(node, "if_not_exists", False):
        says = "IF NOT EXISTS: taken for new"
    try:
        text = postgast.to_drop(statement.text)
    except ValueError:
        return Inverse(statement.line, "", f"{statement.title}: has no inverse that is known")
    # The deparser shouts; the first words are keywords, the rest are names.
    words = text.split(" ", 2)
    count = 3 if words[1] == "MATERIALIZED" else 2
    head = text.split(" ", count)
    return Inverse(
        statement.line, f"{' '.join(head[:count]).lower()} {' '.join(head[count:])}", says
    )


def _altered(statement: Statement) -> Iterator[Inverse]:
    """ALTER TABLE on somebody else's table, its commands last first."""
    table = dotted(_relation(statement.node.relation))
    for item in reversed(statement.node.cmds):
        command = item.alter_table_cmd
        field = command.DESCRIPTOR.fields_by_name["subtype"].enum_type
        what = field.values_by_number[command.subtype].name
        definition = getattr(command, "def") if command.HasField("def") else None
        head = f"alter table {table}"
        says = "IF NOT EXISTS: taken for new" if command.missing_ok else ""
        if what == "AT_AddColumn" and definition is not None:
            column = quoted(definition.column_def.colname)
            yield Inverse(statement.line, f"{head} drop column {column}", says)
        elif (
            what == "AT_AddConstraint" and definition is not None and definition.constraint.conname
        ):
            name = quoted(definition.constraint.conname)
            yield Inverse(statement.line, f"{head} drop constraint {name}")
        elif what == "AT_SetNotNull":
            nullable = f"{head} alter column {quoted(command.name)} drop not null"
            yield Inverse(statement.line, nullable, "taken for nullable before")
        elif what in _TOGGLES:
            yield Inverse(statement.line, f"{head} {_TOGGLES[what]}", "taken for a change")
        else:
            yield Inverse(statement.line, "", f"{statement.title}: {what[3:]} has no known inverse")


_TOGGLES = {
    "AT_EnableRowSecurity": "disable row level security",
    "AT_DisableRowSecurity": "enable row level security",
    "AT_ForceRowSecurity": "no force row level security",
    "AT_NoForceRowSecurity": "force row level security",
}


def _granted(statement: Statement, kind: str = "grant_stmt") -> Inverse:
    tree = postgast.parse(statement.text)
    node = getattr(tree.stmts[0].stmt, kind)
    node = node.action if kind == "alter_default_privileges_stmt" else node
    word = "granted" if node.is_grant else "revoked"
    node.is_grant = not node.is_grant
    if kind == "grant_role_stmt":
        node.ClearField("opt")  # REVOKE … OPTION FOR would leave the membership
    else:
        node.grant_option = False
    return Inverse(statement.line, postgast.deparse(tree), f"taken for not {word} before")


def _commented(statement: Statement) -> Inverse:
    tree = postgast.parse(statement.text)
    tree.stmts[0].stmt.comment_stmt.comment = ""
    return Inverse(statement.line, postgast.deparse(tree), "taken for without a comment before")


def _relation(node: Any) -> Name:
    return (node.schemaname or "public", node.relname)


def _words(parts: Any) -> Name:
    names = tuple(part.string.sval for part in parts)
    return names if len(names) > 1 else ("public", *names)
