"""Small questions to a parse tree: what type, what expression, whose name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from ..promises.names import Names

PARTS = 63  # bytes of a PostgreSQL identifier, NAMEDATALEN - 1


def inner(node: Any) -> tuple[str, Any]:
    """What a Node wraps: its kind and the message itself; ("", None) for an empty one."""
    kind = node.WhichOneof("node")
    return (kind, getattr(node, kind)) if kind else ("", None)


def strings(nodes: Iterable[Any]) -> Names:
    """The words of a list of String nodes: the parts of a dotted name."""
    return tuple(inner(node)[1].sval for node in nodes)


def word(message: Any, field: str, prefix: str) -> str:
    """An enum value as a word: `word(cmd, "subtype", "AT_")` → "AddColumn"."""
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    return enum.values_by_number[getattr(message, field)].name.removeprefix(prefix)


def options(nodes: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The (name, argument node) pairs of a list of DefElem nodes."""
    for node in nodes:
        element = node.def_elem
        yield element.defname, element.arg


def option_value(argument: Any) -> Any:
    """An option's argument as a plain value; an option without one is switched on."""
    kind, value = inner(argument)
    match kind:
        case "":
            return True
        case "string":
            return value.sval
        case "integer":
            return value.ival
        case "float":
            return value.fval
        case "boolean":
            return value.boolval
        case "type_name":
            return strings(value.names)[-1]
        case "list":
            return tuple(option_value(item) for item in value.items)
        case "a_const":
            return constant(value)
    return None


def constant(value: Any) -> Any:
    """A literal as a Python value."""
    match value.WhichOneof("val"):
        case "sval":
            return value.sval.sval
        case "ival":
            return value.ival.ival
        case "fval":
            return value.fval.fval
        case "boolval":
            return value.boolval.boolval
    return None


def switched_on(argument: Any) -> bool:
    """A boolean option, however it is spelled: `security_invoker`, `= true`, `= on`."""
    return str(option_value(argument)).lower() in {"true", "on", "1", "yes"}


def type_text(type_name: Any) -> str:
    """A type as SQL that the server resolves: "int", "varchar(10)[]", "extensions.vector(1536)"."""
    bare = pb.TypeName()
    bare.CopyFrom(type_name)
    bare.setof = False
    tree = pb.ParseResult()
    target = tree.stmts.add().stmt.select_stmt.target_list.add().res_target
    target.val.type_cast.arg.a_const.isnull = True
    target.val.type_cast.type_name.CopyFrom(bare)
    return postgast.deparse(tree).removeprefix("SELECT NULL::").removeprefix("pg_catalog.")


def expression_text(node: Any) -> str:
    """An expression as the parser writes it back, whatever its layout was."""
    tree = pb.ParseResult()
    target = tree.stmts.add().stmt.select_stmt.target_list.add().res_target
    target.val.CopyFrom(node)
    return postgast.deparse(tree).removeprefix("SELECT ")


def columns_in(node: Any) -> list[str]:
    """Names of the columns that an expression mentions, each once, in order."""
    found: dict[str, None] = {}
    for _, message in postgast.walk(node):
        if isinstance(message, pb.ColumnRef):
            kind, last = inner(message.fields[-1])
            if kind == "string":
                found[last.sval] = None
    return list(found)


def role(spec: Any) -> str:
    """A role's name; "public", "current_user" and "session_user" as written."""
    kind = word(spec, "roletype", "ROLESPEC_")
    if kind == "CSTRING":
        return spec.rolename
    return "current_user" if kind == "CURRENT_ROLE" else kind.lower()


def roles(nodes: Iterable[Any]) -> tuple[str, ...]:
    """The roles of a list of RoleSpec nodes, sorted."""
    return tuple(sorted({role(node.role_spec) for node in nodes}))


def argument_types(object_with_args: Any) -> str | None:
    """The input argument types of `f(int, text)` in one text; None for a bare `f`."""
    if object_with_args.args_unspecified:
        return None
    return ", ".join(type_text(item.type_name) for item in object_with_args.objargs)


def chosen_name(first: str, second: str, label: str, taken: Iterable[str] = ()) -> str:
    """The name PostgreSQL gives a nameless constraint or index: `orders_event_id_fkey`.

    Source: makeObjectName and ChooseRelationName in the server's indexcmds.c.
    """
    names = set(taken)
    attempt = 0
    while True:
        ending = label + (str(attempt) if attempt else "")
        name = _fitted(first, second, ending)
        if name not in names:
            return name
        attempt += 1


def _fitted(first: str, second: str, label: str) -> str:
    one, two = first.encode(), second.encode()
    room = PARTS - len(label.encode()) - 1 - (1 if second else 0)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = [part.decode(errors="ignore") for part in (one, two) if part]
    return "_".join([*parts, label])
