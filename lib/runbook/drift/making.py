"""SQL that makes an object of the catalog, or takes it away, from its properties alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..catalog import Definition
from ..promises.names import Names, dotted, identity, quoted


def literal(text: str) -> str:
    """A string literal."""
    mark = "E" if "\\" in text else ""
    return mark + "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def role_name(role: str) -> str:
    """A role in SQL; PUBLIC is no role of this name."""
    return "public" if role == "public" else quoted(role)


def drop(kind: str, names: Names, definition: Definition) -> list[str]:
    """The statements that take the object away; [] where it goes with another."""
    match kind:
        case "column":
            return [f"alter table {dotted(names[:2])} drop column {quoted(names[2])}"]
        case "constraint":
            what = "domain" if definition.get("on_domain") else "table"
            return [f"alter {what} {dotted(names[:2])} drop constraint {quoted(names[2])}"]
        case "index":
            return [] if definition.get("constraint") else [f"drop index {dotted(names)}"]
        case "sequence":
            return [] if definition.get("owned_by") else [f"drop sequence {dotted(names)}"]
        case "table":
            foreign = "foreign " if definition.get("form") == "foreign table" else ""
            return [f"drop {foreign}table {dotted(names)}"]
        case "function":
            form = "procedure" if definition.get("form") == "procedure" else "function"
            form = "aggregate" if definition.get("form") == "aggregate" else form
            return [f"drop {form} {identity(kind, names)}"]
        case "type":
            form = "domain" if definition.get("form") == "domain" else "type"
            return [f"drop {form} {dotted(names)}"]
        case "published table":
            return [f"alter publication {quoted(names[0])} drop table {dotted(names[1:])}"]
        case "comment":
            return [f"comment on {about(names)} is null"]
        case "grant":
            return revoke(names, definition["privileges"])
        case "default privilege":
            return [default_privilege(names, definition["privileges"], "revoke")]
    return [f"drop {kind} {identity(kind, names)}"]


def make(kind: str, names: Names, definition: Definition) -> list[str] | None:
    """The statements that make the object; None where its properties do not tell how."""
    maker = _MAKERS.get(kind)
    return maker(names, definition) if maker else None


def about(names: Names) -> str:
    """The object of a comment: `table public.orders`, `policy "own" on public.orders`."""
    return f"{names[0]} {identity(names[0], names[1:])}"


def grant(names: Names, privileges: Iterable[str]) -> list[str]:
    """Give a role these privileges; a star is the right to pass it on."""
    found = []
    plain = [p for p in privileges if not p.endswith("*")]
    passing = [p.rstrip("*") for p in privileges if p.endswith("*")]
    for some, option in ((plain, ""), (passing, " with grant option")):
        if some:
            what = (
                "all"
                if set(some) == _ALL.get(names[0])
                else ", ".join(_privilege(names, p) for p in some)
            )
            found.append(f"grant {what} on {_thing(names)} to {role_name(names[-1])}{option}")
    return found


# All that a table can give; spelled out it would hold words that older servers do not know.
_ALL = {
    "table": {"select", "insert", "update", "delete", "truncate", "references", "trigger",
              "maintain"},
}  # fmt: skip


def revoke(names: Names, privileges: Iterable[str]) -> list[str]:
    """Take these privileges from a role."""
    what = ", ".join(_privilege(names, p.rstrip("*")) for p in privileges)
    return [f"revoke {what} on {_thing(names)} from {role_name(names[-1])}"]


def default_privilege(names: Names, privileges: Iterable[str], verb: str) -> str:
    """ALTER DEFAULT PRIVILEGES for one kind of object, owner and role."""
    kind, schema, owner, role = names
    place = f" in schema {quoted(schema)}" if schema else ""
    word = "to" if verb == "grant" else "from"
    what = ", ".join(p.rstrip("*") for p in privileges)
    return (
        f"alter default privileges for role {quoted(owner)}{place}"
        f" {verb} {what} on {kind}s {word} {role_name(role)}"
    )


def column(definition: Definition) -> str:
    """Type and properties, as they stand behind a column's name."""
    words = [str(definition["type"])]
    if definition.get("collation"):
        words.append(f"collate {dotted(tuple(definition['collation']))}")
    if definition.get("generated"):
        words.append(f"generated always as ({definition['expression']}) {definition['generated']}")
    elif definition.get("identity"):
        words.append(f"generated {definition['identity']} as identity")
    elif definition.get("default") is not None:
        words.append(f"default {definition['default']}")
    if definition.get("not_null"):
        words.append("not null")
    return " ".join(words)


def _privilege(names: Names, privilege: str) -> str:
    return f"{privilege} ({quoted(names[3])})" if names[0] == "column" else privilege


def _thing(names: Names) -> str:
    kind, thing = names[0], names[1:-1]
    if kind == "column":
        return f"table {dotted(thing[:2])}"
    return f"{kind} {identity(kind, thing)}"


def _table(names: Names, definition: Definition) -> list[str] | None:
    if definition.get("form", "table") != "table" or definition.get("parents"):
        return None
    if definition.get("of_type"):
        return None
    unlogged = "unlogged " if definition.get("persistence") == "unlogged" else ""
    options = definition.get("options")
    with_options = f" with ({', '.join(options)})" if options else ""
    found = [f"create {unlogged}table {dotted(names)} (){with_options}"]
    if definition.get("rls"):
        found.append(f"alter table {dotted(names)} enable row level security")
    if definition.get("rls_forced"):
        found.append(f"alter table {dotted(names)} force row level security")
    if definition.get("replica_identity") in ("full", "nothing"):
        how = definition["replica_identity"]
        found.append(f"alter table {dotted(names)} replica identity {how}")
    return found


def _column(names: Names, definition: Definition) -> list[str] | None:
    if definition.get("inherited"):
        return []
    start = f"alter table {dotted(names[:2])}"
    return [f"{start} add column {quoted(names[2])} {column(definition)}"]


def _constraint(names: Names, definition: Definition) -> list[str] | None:
    if definition.get("inherited"):
        return []
    what = "domain" if definition.get("on_domain") else "table"
    return [
        f"alter {what} {dotted(names[:2])} add constraint {quoted(names[2])}"
        f" {definition['definition']}"
    ]


def _index(names: Names, definition: Definition) -> list[str] | None:
    if definition.get("constraint") or definition.get("inherited"):
        return []
    return [definition["definition"]]


def _view(kind: str) -> Callable[[Names, Definition], list[str]]:
    def made(names: Names, definition: Definition) -> list[str]:
        options = definition.get("options")
        with_options = f" with ({', '.join(options)})" if options else ""
        text = definition["definition"].strip().rstrip(";")
        data = " with no data" if definition.get("populated") is False else ""
        return [f"create {kind} {dotted(names)}{with_options} as\n{text}{data}"]

    return made


def _function(names: Names, definition: Definition) -> list[str] | None:
    if definition["form"] not in ("function", "procedure") or definition.get("library"):
        return None
    head = f"create or replace {definition['form']} {dotted(names[:2])}({definition['arguments']})"
    words = [f"returns {definition['returns']}"] if definition.get("returns") else []
    words.append(f"language {definition['language']}")
    if definition["form"] == "function":
        words.append(definition["volatility"])
        words += ["strict"] if definition.get("strict") else []
        words += ["leakproof"] if definition.get("leakproof") else []
        words += [_PARALLEL[definition["parallel"]]] if definition["parallel"] != "u" else []
        words.append(f"cost {definition['cost']}")
        words += [f"rows {definition['rows']}"] if definition.get("rows") else []
    words += ["security definer"] if definition["security"] == "definer" else []
    for setting in definition.get("settings") or ():
        name, _, value = setting.partition("=")
        # A list of names keeps its commas and quotes; any other value is one literal.
        listed = "''" if value == '""' else value
        words.append(f"set {name} to {listed if name == 'search_path' else literal(value)}")
    body = definition["body"]
    sql_body = definition["language"] == "sql" and body.startswith(("BEGIN ATOMIC", "RETURN "))
    words.append(body if sql_body else f"as {_dollars(body)}")
    return [f"{head}\n  " + "\n  ".join(words)]


_PARALLEL = {"s": "parallel safe", "r": "parallel restricted"}


def _dollars(body: str) -> str:
    mark, number = "$$", 0
    while mark in body:
        number += 1
        mark = f"$body{number}$"
    return f"{mark}{body}{mark}"


def _trigger(names: Names, definition: Definition) -> list[str] | None:
    if definition.get("inherited"):
        return []
    enabled = definition.get("enabled", "origin")
    found = [definition["definition"]]
    if enabled != "origin":
        how = {"disabled": "disable", "replica": "enable replica", "always": "enable always"}
        start = f"alter table {dotted(names[:2])}"
        found.append(f"{start} {how[enabled]} trigger {quoted(names[2])}")
    return found


def _policy(names: Names, definition: Definition) -> list[str]:
    words = [f"create policy {quoted(names[2])} on {dotted(names[:2])}"]
    words += [] if definition.get("permissive", True) else ["as restrictive"]
    words.append(f"for {definition['command']}")
    words.append("to " + ", ".join(map(role_name, definition["roles"])))
    words += [f"using ({definition['using']})"] if definition.get("using") else []
    words += [f"with check ({definition['check']})"] if definition.get("check") else []
    return [" ".join(words)]


def _type(names: Names, definition: Definition) -> list[str] | None:
    name = dotted(names)
    match definition["form"]:
        case "enum":
            labels = ", ".join(map(literal, definition.get("labels") or ()))
            return [f"create type {name} as enum ({labels})"]
        case "composite":
            parts = [f"{quoted(a)} {t}" for a, t in definition.get("attributes") or ()]
            return [f"create type {name} as ({', '.join(parts)})"]
        case "domain":
            default = f" default {definition['default']}" if definition.get("default") else ""
            not_null = " not null" if definition.get("not_null") else ""
            return [f"create domain {name} as {definition['base']}{default}{not_null}"]
    return None


def _sequence(names: Names, definition: Definition) -> list[str] | None:
    d = definition
    return [
        f"create sequence {dotted(names)} as {d['type']} increment {d['increment']}"
        f" minvalue {d['minimum']} maxvalue {d['maximum']} start {d['start']} cache {d['cache']}"
        + (" cycle" if d.get("cycle") else "")
    ]


def _published(names: Names, definition: Definition) -> list[str]:
    columns = definition.get("columns")
    listed = f" ({', '.join(map(quoted, columns))})" if columns else ""
    where = f" where ({definition['where']})" if definition.get("where") else ""
    start = f"alter publication {quoted(names[0])} add table"
    return [f"{start} {dotted(names[1:])}{listed}{where}"]


_MAKERS: dict[str, Callable[[Names, Any], list[str] | None]] = {
    "schema": lambda names, d: [f"create schema {quoted(names[0])}"],
    "extension": lambda names, d: [
        f"create extension {quoted(names[0])} with schema {quoted(d['schema'])}"
    ],
    "table": _table,
    "column": _column,
    "constraint": _constraint,
    "index": _index,
    "view": _view("view"),
    "materialized view": _view("materialized view"),
    "function": _function,
    "trigger": _trigger,
    "rule": lambda names, d: [d["definition"]],
    "policy": _policy,
    "type": _type,
    "sequence": _sequence,
    "published table": _published,
    "comment": lambda names, d: [f"comment on {about(names)} is {literal(d['text'])}"],
    "grant": lambda names, d: grant(names, d["privileges"]),
    "default privilege": lambda names, d: [default_privilege(names, d["privileges"], "grant")],
}
