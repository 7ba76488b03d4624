"""Promises of functions, triggers, policies, views and rules."""

from __future__ import annotations

from typing import Any

from ..statements.tree import (
    argument_types,
    constant,
    expression_text,
    inner,
    option_value,
    options,
    roles,
    strings,
    switched_on,
    type_text,
    word,
)
from .book import Book, reads
from .names import Names

INPUT = frozenset({"IN", "DEFAULT", "INOUT", "VARIADIC"})
EVENTS = ((4, "insert"), (16, "update"), (8, "delete"), (32, "truncate"))


@reads("create_function_stmt")
def create_function(book: Book, node: Any) -> None:
    parameters = [item.function_parameter for item in node.parameters]
    inputs = [each for each in parameters if word(each, "mode", "FUNC_PARAM_") in INPUT]
    names = book.qualified(strings(node.funcname))
    arguments = ", ".join(type_text(each.arg_type) for each in inputs)
    properties: dict[str, Any] = {
        "form": "procedure" if node.is_procedure else "function",
        "language": "sql",
        "volatility": "volatile",
        "security": "invoker",
        "strict": False,
        "returns": None,
        "search_path": None,
        "body": None,
        "replaces": node.replace,
    }
    table = [each for each in parameters if word(each, "mode", "FUNC_PARAM_") == "TABLE"]
    if table:
        properties["returns_table"] = tuple((each.name, type_text(each.arg_type)) for each in table)
    elif node.HasField("return_type") and not node.return_type.pct_type:
        properties["returns"] = type_text(node.return_type)
        properties["returns_set"] = node.return_type.setof
    properties |= _function_options(node.options)
    book.put("function", (*names, arguments), **properties)


@reads("alter_function_stmt")
def alter_function(book: Book, node: Any) -> None:
    names = book.routine(node.func.objname, argument_types(node.func))
    book.alter("function", names, **_function_options(node.actions))


def _function_options(nodes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, argument in options(nodes):
        match name:
            case "language":
                found["language"] = str(option_value(argument)).lower()
            case "volatility":
                found["volatility"] = option_value(argument)
            case "security":
                found["security"] = "definer" if option_value(argument) else "invoker"
            case "strict":
                found["strict"] = bool(option_value(argument))
            case "set":
                setting = inner(argument)[1]
                if setting.name == "search_path":
                    found["search_path"] = search_path(setting)
            case "as":
                body = option_value(argument)
                found["body"] = body[0] if len(body) == 1 else None
            case "cost" | "rows" | "parallel" | "leakproof" | "support":
                found["other"] = True
    return found


def search_path(setting: Any) -> tuple[str, ...] | None:
    """The schemas that a SET search_path names; None where it takes the setting away."""
    if word(setting, "kind", "") not in {"VAR_SET_VALUE", "VAR_SET_CURRENT"}:
        return None
    return tuple(str(constant(item.a_const)) for item in setting.args)


@reads("create_trig_stmt")
def create_trigger(book: Book, node: Any) -> None:
    table = book.relation(node.relation)
    function = strings(node.funcname)
    book.put(
        "trigger",
        (*table, node.trigname),
        timing={2: "before", 64: "instead of"}.get(node.timing, "after"),
        events=tuple(name for bit, name in EVENTS if node.events & bit),
        level="row" if node.row else "statement",
        columns=tuple(sorted(strings(node.columns))),
        function=function if len(function) > 1 else (None, function[0]),
        when=node.HasField("when_clause"),
        enabled="origin",
    )


@reads("create_policy_stmt")
def create_policy(book: Book, node: Any) -> None:
    book.put(
        "policy",
        (*book.relation(node.table), node.policy_name),
        command=node.cmd_name,
        permissive=node.permissive,
        roles=roles(node.roles),
        using=expression_text(node.qual) if node.HasField("qual") else None,
        check=expression_text(node.with_check) if node.HasField("with_check") else None,
    )


@reads("alter_policy_stmt")
def alter_policy(book: Book, node: Any) -> None:
    changes: dict[str, Any] = {}
    if node.roles:
        changes["roles"] = roles(node.roles)
    if node.HasField("qual"):
        changes["using"] = expression_text(node.qual)
    if node.HasField("with_check"):
        changes["check"] = expression_text(node.with_check)
    book.alter("policy", (*book.relation(node.table), node.policy_name), **changes)


@reads("view_stmt")
def create_view(book: Book, node: Any) -> None:
    if node.view.relpersistence == "t":
        return
    given = dict(options(node.options))
    invoker = "security_invoker" in given and switched_on(given["security_invoker"])
    names = book.relation(node.view, new=True)
    book.put("view", names, security_invoker=invoker, replaces=node.replace)


@reads("rule_stmt")
def create_rule(book: Book, node: Any) -> None:
    book.put("rule", (*book.relation(node.relation), node.rulename))


@reads("create_event_trig_stmt")
def create_event_trigger(book: Book, node: Any) -> None:
    book.put("event trigger", (node.trigname,), event=node.eventname)


@reads("define_stmt")
def define(book: Book, node: Any) -> None:
    what = word(node, "kind", "OBJECT_").lower().replace("_", " ")
    if what != "aggregate":
        book.not_read(f"create {what}", "only its existence could be told, and is not")
        return
    names: Names = book.qualified(strings(node.defnames))
    arguments = [item.function_parameter for item in inner(node.args[0])[1].items]
    types = ", ".join(type_text(each.arg_type) for each in arguments)
    book.put("function", (*names, types), form="aggregate")
