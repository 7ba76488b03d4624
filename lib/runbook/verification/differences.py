"""What differs between a promise and the object that is there: one sentence for each property.

Expressions are compared by presence only. The server writes them back in its own way, and a
difference in text alone is no evidence; the exact comparison is with a twin's Catalog, where both
sides are the server's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..catalog import Catalog, Definition, describe
from ..promises.book import Promise
from ..promises.names import Names, dotted
from ..promises.resolve import Resolved

ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
OFF = {"false", "off", "0", "no"}


def differences(promise: Promise, found: Definition, resolved: Resolved) -> list[str]:
    """Every promised property that the object does not have; [] when all are kept.

    Args:
        promise: of an object that is to be present.
        found: the object's properties in the Catalog.
        resolved: what the promise's type names stand for on this server.
    """
    compare = COMPARISONS.get(promise.kind)
    return list(compare(promise, found, resolved)) if compare else []


def unlike_twin(
    kind: str, names: Names, found: Definition, expected: Catalog, *, major: int
) -> list[str]:
    """Where an object differs from the same object of the twin, in the server's own words.

    Owners and versions of extensions are the target's own affair; and two majors may word one
    and the same definition differently.
    """
    twin = expected.get(kind, names)
    if twin is None:
        return ["the twin on which the file ran has no such object"]
    keys = {key for key in found.keys() | twin.keys() if found.get(key) != twin.get(key)}
    keys -= {"owner", "version"} | ({"definition"} if major != expected.major else set())
    keys = keys - {"definition"} or keys
    if not keys:
        return []
    return [f"unlike on the twin: {describe(found, keys)} instead of {describe(twin, keys)}"]


def expectation(promise: Promise) -> str:
    """What is promised, in the words of a table's cell."""
    told = promise.properties
    match promise.kind:
        case "table" | "sequence":
            return str(told.get("form") or promise.kind)
        case "policy":
            text = [told.get("command", ""), "to " + ", ".join(told.get("roles", ()))]
            text += ["" if told.get("permissive", True) else "restrictive"]
            text += [key for key in ("using", "check") if told.get(key)]
            return " · ".join(part for part in text if part)
        case "index":
            keys = ", ".join(column or "(expression)" for column in told.get("columns") or ())
            unique = "unique " if told.get("unique") else ""
            partial = " where …" if told.get("predicate") else ""
            return f"{unique}{told.get('method', 'index')} ({keys}){partial}"
        case "trigger":
            if "timing" not in told:
                return str(told.get("enabled") or "trigger")
            return f"{told['timing']} {' or '.join(told['events'])}, {told['level']}"
        case "constraint":
            return _constraint_text(told)
        case "function":
            words = [told.get("form", "function"), told.get("language", "")]
            words += [f"security {told['security']}" if told.get("security") else ""]
            return " · ".join(word for word in words if word)
        case "view":
            return "security_invoker" if told.get("security_invoker") else "view"
        case "type":
            return ", ".join(told.get("labels") or ()) or str(told.get("form") or "type")
        case "extension":
            schema = told.get("schema") or told.get("wanted_schema")
            return f"in {schema}" if schema else "installed"
    return promise.kind


def _constraint_text(told: Any) -> str:
    if "form" not in told:
        return "constraint"
    if told["form"] == "foreign key":
        columns, target = ", ".join(told["columns"]), dotted(told["references"])
        return f"({columns}) → {target}, on delete {ACTIONS[told['on_delete']]}"
    columns = f" ({', '.join(told['columns'])})" if told.get("columns") else ""
    return told["form"] + columns


def _unequal(promise: Promise, found: Definition, *keys: str) -> Iterator[str]:
    for key in keys:
        if key in promise.properties:
            wanted, actual = promise.properties[key], found.get(key)
            wanted = list(wanted) if isinstance(wanted, tuple) else wanted
            if (wanted or None) != (actual or None):
                label = key.replace("_", " ")
                yield f"{label} is {_said(actual)}, not {_said(wanted)}"


def _presence(promise: Promise, found: Definition, *keys: str) -> Iterator[str]:
    for key in keys:
        if key in promise.properties:
            wanted, actual = promise.properties[key], found.get(key)
            if wanted and not actual:
                yield f"{key} is missing: {wanted}"
            elif actual and not wanted:
                yield f"{key} is there but not written: {actual}"


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_said(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _table(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "form", "persistence", "owner", "replica_identity")
    parents = promise.properties.get("parents")
    actual = [tuple(parent) for parent in found.get("parents") or ()]
    if parents is not None and set(parents) != set(actual):
        yield f"inherits from {_said([dotted(p) for p in actual])}, not as written"
    options = dict(option.split("=", 1) for option in found.get("options") or ())
    for name, value in (promise.properties.get("settings") or {}).items():
        if options.get(name) != value:
            yield f"option {name} is {_said(options.get(name))}, not {_said(value)}"


def _column(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    text = promise.properties.get("type")
    if text and (wanted := resolved.type(promise, text)) != found["type"]:
        yield f"type is {found['type']}, not {wanted or text}"
    yield from _unequal(promise, found, "not_null", "identity", "generated")
    yield from _presence(promise, found, "default")
    if "collation" in promise.properties:
        actual = (found.get("collation") or [None])[-1]
        if actual not in {promise.properties["collation"], None}:
            yield f"collation is {actual}, not {promise.properties['collation']}"


def _constraint(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    told = promise.properties
    keys = ["form", "deferrable", "deferred", "validated"]
    if told.get("form") not in {"check", "exclusion"} and told.get("columns"):
        keys.append("columns")
    if told.get("reference_columns"):
        keys.append("reference_columns")
    yield from _unequal(promise, found, *keys)
    for key in ("on_delete", "on_update"):
        if key in told and told[key] != found.get(key):
            actual = ACTIONS.get(str(found.get(key)), "none")
            yield f"{key.replace('_', ' ')} is {actual}, not {ACTIONS[told[key]]}"
    if "references" in told and list(told["references"]) != found.get("references"):
        actual = dotted(tuple(found.get("references") or ("nothing",)))
        yield f"references {actual}, not {dotted(told['references'])}"


def _index(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    told = promise.properties
    yield from _unequal(promise, found, "method", "unique", "includes")
    if "columns" in told and list(told["columns"]) != found["plain"]:
        yield f"keys are {_said(found['keys'])}, not {_said(told['columns'])}"
    for wanted, actual in zip(told.get("opclasses") or (), found["opclasses"], strict=False):
        if wanted and wanted[-1] != actual:
            yield f"operator class is {actual}, not {wanted[-1]}"
    yield from _presence(promise, found, "predicate")
    if "table" in told and list(told["table"]) != found["table"]:
        yield f"on {dotted(tuple(found['table']))}, not {dotted(told['table'])}"
    if not (found["valid"] and found["ready"]):
        yield "the index is INVALID: its build was interrupted; drop it and create it again"


def _policy(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "command", "permissive", "roles")
    yield from _presence(promise, found, "using", "check")


def _trigger(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    told = promise.properties
    yield from _unequal(promise, found, "timing", "events", "level", "columns", "when", "enabled")
    if "function" in told:
        schema, name = told["function"]
        if name != found["function"][1] or schema not in {None, found["function"][0]}:
            yield f"calls {dotted(tuple(found['function']))}, not {name}"


def _function(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    told = promise.properties
    keys = ("form", "language", "volatility", "security", "strict", "owner")
    yield from _unequal(promise, found, *keys)
    if "search_path" in told:
        actual = pinned_search_path(found)
        if told["search_path"] != actual:
            yield f"search_path is {_path(actual)}, not {_path(told['search_path'])}"
    if text := told.get("returns"):
        wanted = resolved.type(promise, text)
        wanted = f"SETOF {wanted}" if told.get("returns_set") else wanted
        if wanted != found.get("returns"):
            yield f"returns {found.get('returns')}, not {wanted or text}"
    if columns := told.get("returns_table"):
        wanted = ", ".join(f"{name} {resolved.type(promise, t)}" for name, t in columns)
        actual = str(found.get("returns")).replace('"', "")
        if actual != f"TABLE({wanted})":
            yield f"returns {actual}, not TABLE({wanted})"
    if told.get("body") is not None and told["body"] != found.get("body"):
        yield "the body is not the one written"


def pinned_search_path(found: Definition) -> tuple[str, ...] | None:
    """The search_path a function sets for itself; None where it runs with its caller's."""
    for setting in found.get("settings") or ():
        name, _, value = setting.partition("=")
        if name == "search_path":
            return tuple(part.strip().strip('"') for part in value.split(","))
    return None


def _path(path: tuple[str, ...] | None) -> str:
    return "not pinned" if path is None else f"'{', '.join(path)}'"


def _view(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "owner", "populated")
    if "security_invoker" in promise.properties:
        options = dict(option.split("=", 1) for option in found.get("options") or ())
        actual = options.get("security_invoker", "false").lower() not in OFF
        if actual != promise.properties["security_invoker"]:
            yield f"security_invoker is {'on' if actual else 'off'}, not as written"


def _type(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    told = promise.properties
    yield from _unequal(promise, found, "form", "labels", "not_null", "owner")
    yield from _presence(promise, found, "default")
    if text := told.get("base"):
        wanted = resolved.type(promise, text)
        if wanted != found.get("base"):
            yield f"base type is {found.get('base')}, not {wanted or text}"
    if attributes := told.get("attributes"):
        wanted = [[name, resolved.type(promise, text)] for name, text in attributes]
        if wanted != found.get("attributes"):
            yield f"attributes are {_said(found.get('attributes'))}, not {_said(wanted)}"
    labels = found.get("labels") or []
    for label in told.get("has_labels", ()):
        if label not in labels:
            yield f"label {label} is missing"
    for label in told.get("lacks_labels", ()):
        if label in labels:
            yield f"label {label} is still there"


def _sequence(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "increment", "start", "cache", "cycle", "owner", "owned_by")


def _extension(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "schema")


def _owned(promise: Promise, found: Definition, resolved: Resolved) -> Iterator[str]:
    yield from _unequal(promise, found, "owner", "all_tables", "event")


Comparison = Callable[[Promise, Definition, Resolved], Iterator[str]]
COMPARISONS: dict[str, Comparison] = {
    "table": _table,
    "column": _column,
    "constraint": _constraint,
    "index": _index,
    "policy": _policy,
    "trigger": _trigger,
    "function": _function,
    "view": _view,
    "materialized view": _view,
    "type": _type,
    "sequence": _sequence,
    "extension": _extension,
    "schema": _owned,
    "publication": _owned,
    "event trigger": _owned,
}
