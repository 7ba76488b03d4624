"""Broken versions of a migration: one mistake each, made in its parse tree.

Each operator is a mistake that people make. It yields (what was done, the statements as they are
then); a file is broken in every place where the mistake fits, and the sample takes one of each
operator first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import postgast
from postgast import pg_query_pb2 as pb
from runbook.plan import Migration
from runbook.sql import Statement
from runbook.statements.tree import role, strings, word

SWAPPED = {"anon": "authenticated", "authenticated": "anon", "service_role": "authenticated"}
ON_DELETE = {"a": "c", "r": "c", "c": "n", "n": "c", "d": "c"}
TYPES = {
    "text": "varchar",
    "timestamptz": "timestamp",
    "int4": "int8",
    "int8": "int4",
    "int2": "int4",
    "numeric": "float8",
    "bool": "text",
    "date": "timestamptz",
    "integer": "int8",
}
BEFORE, AFTER, INSERT, UPDATE = 2, 0, 4, 16


class Mutant(NamedTuple):
    """One broken version: which mistake, where, and the file's statements with it."""

    operator: str
    what: str
    statements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator}: {self.what}"


Edit = tuple[str, Callable[[Any], None]]
_OPERATORS: dict[str, Callable[[Statement], Iterator[Edit]]] = {}
_DROPPED: dict[str, Callable[[Statement], str]] = {}


def mutants(migration: Migration) -> list[Mutant]:
    """All of them, in rounds: the first of every operator, then the second of every one …"""
    statements = migration.script.statements
    texts = [statement.text for statement in statements]
    groups: list[list[Mutant]] = []
    for name, mistake in _OPERATORS.items():
        group = []
        for at, statement in enumerate(statements):
            for what, edit in mistake(statement):
                changed = [*texts[:at], _edited(statement, edit), *texts[at + 1 :]]
                group.append(Mutant(name, f"{what} (line {statement.line})", tuple(changed)))
        groups.append(group)
    for name, names in _DROPPED.items():
        group = []
        for at, statement in enumerate(statements):
            if what := names(statement):
                left = (*texts[:at], *texts[at + 1 :])
                group.append(Mutant(name, f"{what} (line {statement.line})", left))
        groups.append(group)
    rounds = zip_longest(*groups)
    return [mutant for each in rounds for mutant in each if mutant is not None]


def _mistake(name: str):
    def register(function):
        _OPERATORS[name] = function
        return function

    return register


def _edited(statement: Statement, edit: Callable[[Any], None]) -> str:
    tree = pb.ParseResult()
    node = getattr(tree.stmts.add().stmt, statement.kind)
    node.CopyFrom(statement.node)
    edit(node)
    return postgast.deparse(tree)


# -- a statement forgotten ------------------------------------------------------------------------


def _of_kind(kind: str, name: Callable[[Any], str]) -> Callable[[Statement], str]:
    return lambda statement: name(statement.node) if statement.kind == kind else ""


def _enables_rls(statement: Statement) -> str:
    if statement.kind != "alter_table_stmt":
        return ""
    kinds = {word(item.alter_table_cmd, "subtype", "AT_") for item in statement.node.cmds}
    return statement.node.relation.relname if "EnableRowSecurity" in kinds else ""


def _revoke(statement: Statement) -> str:
    node = statement.node
    return statement.title if statement.kind == "grant_stmt" and not node.is_grant else ""


def _grant(statement: Statement) -> str:
    node = statement.node
    return statement.title if statement.kind == "grant_stmt" and node.is_grant else ""


_DROPPED |= {
    "a policy dropped": _of_kind("create_policy_stmt", lambda n: n.policy_name),
    "RLS forgotten": _enables_rls,
    "an index lost": _of_kind("index_stmt", lambda n: n.idxname),
    "a trigger lost": _of_kind("create_trig_stmt", lambda n: n.trigname),
    "a REVOKE forgotten": _revoke,
    "a GRANT forgotten": _grant,
}


# -- a policy that says something else ------------------------------------------------------------


@_mistake("a policy's role swapped")
def _swap_role(statement: Statement) -> Iterator[Edit]:
    if statement.kind != "create_policy_stmt":
        return
    for at, spec in enumerate(statement.node.roles):
        other = SWAPPED.get(role(spec.role_spec))
        if other:

            def edit(node, at=at, other=other):
                node.roles[at].role_spec.rolename = other

            yield f"{statement.node.policy_name}: to {other}", edit


@_mistake("a policy without TO")
def _no_role(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "create_policy_stmt":

        def edit(node):
            del node.roles[:]
            node.roles.add().role_spec.roletype = 5  # public

        yield statement.node.policy_name, edit


def _true(field: str):
    def mistake(statement: Statement) -> Iterator[Edit]:
        if statement.kind == "create_policy_stmt" and statement.node.HasField(field):

            def edit(node):
                getattr(node, field).Clear()
                getattr(node, field).a_const.boolval.boolval = True

            yield statement.node.policy_name, edit

    return mistake


_mistake("using (true)")(_true("qual"))
_mistake("with check (true)")(_true("with_check"))


def _weaker(field: str):
    """One term of an AND forgotten."""

    def mistake(statement: Statement) -> Iterator[Edit]:
        if statement.kind != "create_policy_stmt":
            return
        qual = getattr(statement.node, field)
        if qual.WhichOneof("node") != "bool_expr" or qual.bool_expr.boolop != 1:
            return
        for at in range(len(qual.bool_expr.args)):

            def edit(node, at=at):
                arguments = getattr(node, field).bool_expr.args
                if len(arguments) > 2:
                    del arguments[at]
                    return
                kept = pb.Node()
                kept.CopyFrom(arguments[1 - at])
                getattr(node, field).CopyFrom(kept)

            yield f"{statement.node.policy_name}: term {at + 1}", edit

    return mistake


_mistake("a term of USING forgotten")(_weaker("qual"))
_mistake("a term of WITH CHECK forgotten")(_weaker("with_check"))


@_mistake("a policy for all commands")
def _for_all(statement: Statement) -> Iterator[Edit]:
    node = statement.node
    if statement.kind == "create_policy_stmt" and node.cmd_name != "all" and node.HasField("qual"):

        def edit(node):
            node.cmd_name = "all"

        yield statement.node.policy_name, edit


# -- columns and constraints ----------------------------------------------------------------------


def _columns(statement: Statement) -> Iterator[tuple[int, Any]]:
    if statement.kind == "create_stmt":
        for at, item in enumerate(statement.node.table_elts):
            if item.WhichOneof("node") == "column_def":
                yield at, item.column_def


def _kind(constraint: Any) -> str:
    return word(constraint, "contype", "CONSTR_")


def _lost(*kinds: str):
    """A constraint left out, beside a column or of its own."""

    def mistake(statement: Statement) -> Iterator[Edit]:
        for at, column in _columns(statement):
            for inside, item in enumerate(column.constraints):
                if _kind(item.constraint) in kinds:

                    def edit(node, at=at, inside=inside):
                        del node.table_elts[at].column_def.constraints[inside]

                    yield f"{statement.node.relation.relname}.{column.colname}", edit
        if statement.kind == "create_stmt":
            for at, item in enumerate(statement.node.table_elts):
                if item.WhichOneof("node") == "constraint" and _kind(item.constraint) in kinds:

                    def edit(node, at=at):
                        del node.table_elts[at]

                    yield f"{statement.node.relation.relname}: {item.constraint.conname}", edit

    return mistake


_mistake("a default lost")(_lost("DEFAULT"))
_mistake("a NOT NULL lost")(_lost("NOTNULL"))
_mistake("a CHECK lost")(_lost("CHECK"))
_mistake("a UNIQUE lost")(_lost("UNIQUE"))
_mistake("an EXCLUDE lost")(_lost("EXCLUSION"))
_mistake("a foreign key lost")(_lost("FOREIGN"))


def _foreign_keys(statement: Statement) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    for at, column in _columns(statement):
        for inside, item in enumerate(column.constraints):
            if _kind(item.constraint) == "FOREIGN":
                yield (
                    f"{statement.node.relation.relname}.{column.colname}",
                    lambda n, a=at, i=inside: n.table_elts[a].column_def.constraints[i].constraint,
                )
    if statement.kind == "create_stmt":
        for at, item in enumerate(statement.node.table_elts):
            if item.WhichOneof("node") == "constraint" and _kind(item.constraint) == "FOREIGN":
                yield (
                    f"{statement.node.relation.relname}: {item.constraint.conname}",
                    lambda n, a=at: n.table_elts[a].constraint,
                )


@_mistake("a wrong ON DELETE")
def _on_delete(statement: Statement) -> Iterator[Edit]:
    for what, find in _foreign_keys(statement):

        def edit(node, find=find):
            key = find(node)
            key.fk_del_action = ON_DELETE[key.fk_del_action]
            del key.fk_del_set_cols[:]

        yield what, edit


@_mistake("another type")
def _retype(statement: Statement) -> Iterator[Edit]:
    for at, column in _columns(statement):
        old = strings(column.type_name.names)[-1]
        if old in TYPES and not column.type_name.array_bounds:

            def edit(node, at=at, new=TYPES[old]):
                spelled = node.table_elts[at].column_def.type_name
                del spelled.names[:]
                del spelled.typmods[:]
                spelled.names.add().string.sval = new

            yield f"{statement.node.relation.relname}.{column.colname} {TYPES[old]}", edit


# -- functions, triggers, indexes, grants ---------------------------------------------------------


def _option(node: Any, name: str) -> int | None:
    found = [at for at, item in enumerate(node.options) if item.def_elem.defname == name]
    return found[0] if found else None


@_mistake("an unpinned search_path")
def _unpinned(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "create_function_stmt":
        at = _option(statement.node, "set")
        if at is not None:
            yield strings(statement.node.funcname)[-1], lambda node: node.options.__delitem__(at)


@_mistake("definer and invoker swapped")
def _security(statement: Statement) -> Iterator[Edit]:
    if statement.kind != "create_function_stmt":
        return

    def edit(node):
        at = _option(node, "security")
        if at is not None:
            del node.options[at]
            return
        option = node.options.add().def_elem
        option.defname = "security"
        option.arg.boolean.boolval = True

    yield strings(statement.node.funcname)[-1], edit


@_mistake("another volatility")
def _volatility(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "create_function_stmt":
        at = _option(statement.node, "volatility")
        if at is not None:
            yield strings(statement.node.funcname)[-1], lambda node: node.options.__delitem__(at)


@_mistake("a trigger at the wrong time")
def _timing(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "create_trig_stmt" and not statement.node.isconstraint:

        def edit(node):
            node.timing = AFTER if node.timing == BEFORE else BEFORE

        yield statement.node.trigname, edit


@_mistake("a trigger for the wrong event")
def _event(statement: Statement) -> Iterator[Edit]:
    node = statement.node
    if statement.kind == "create_trig_stmt" and not node.transition_rels:

        def edit(node):
            node.events = UPDATE if node.events & INSERT else INSERT
            node.ClearField("when_clause")
            del node.columns[:]

        yield statement.node.trigname, edit


@_mistake("an index without its predicate")
def _predicate(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "index_stmt" and statement.node.HasField("where_clause"):
        yield statement.node.idxname, lambda node: node.ClearField("where_clause")


@_mistake("an index not unique")
def _not_unique(statement: Statement) -> Iterator[Edit]:
    if statement.kind == "index_stmt" and statement.node.unique:
        yield statement.node.idxname, lambda node: setattr(node, "unique", False)


@_mistake("an index of another method")
def _method(statement: Statement) -> Iterator[Edit]:
    node = statement.node
    if statement.kind != "index_stmt" or node.unique or len(node.index_params) > 1:
        return
    if node.access_method in ("", "btree"):
        yield node.idxname, lambda node: setattr(node, "access_method", "hash")


@_mistake("a grant to anon too many")
def _too_many(statement: Statement) -> Iterator[Edit]:
    node = statement.node
    if statement.kind != "grant_stmt" or not node.is_grant:
        return
    names = {role(item.role_spec) for item in node.grantees}
    if "anon" not in names and "public" not in names:

        def edit(node):
            spec = node.grantees.add().role_spec
            spec.roletype, spec.rolename = 1, "anon"

        yield statement.title, edit


@_mistake("all rights instead of some")
def _all_rights(statement: Statement) -> Iterator[Edit]:
    node = statement.node
    if statement.kind == "grant_stmt" and node.is_grant and node.privileges and node.objtype == 42:
        yield statement.title, lambda node: node.privileges.__delitem__(slice(None))
