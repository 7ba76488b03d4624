"""SQL that turns an object with these properties into the same object with those."""

from __future__ import annotations

from ..catalog import Definition
from ..promises.names import Names, dotted, identity, quoted
from .making import default_privilege, drop, grant, literal, make, revoke


def alter(kind: str, names: Names, old: Definition, new: Definition) -> list[str] | None:
    """The statements; None where no ALTER does it and the object cannot be made again safely."""
    keys = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    owner = []
    if "owner" in keys and kind not in ("publication", "extension"):
        form = {"materialized view": kind}.get(
            kind, "domain" if new.get("form") == "domain" else kind
        )
        owner = [f"alter {form} {identity(kind, names)} owner to {quoted(new['owner'])}"]
        keys.discard("owner")
    if not keys:
        return owner
    match kind:
        case "table":
            found = _table(names, old, new, keys)
        case "column":
            found = _column(names, old, new, keys)
        case "view":
            found = _view(names, old, new, keys)
        case "type":
            found = _type(names, old, new, keys)
        case "grant" | "default privilege":
            found = _privileges(kind, names, old, new)
        case "function":
            # Another result or argument name needs the function to go first; its rights go, too.
            same = all(old.get(key) == new.get(key) for key in ("returns", "arguments", "form"))
            found = make(kind, names, new) if same else None
        case "index" | "constraint" | "trigger" | "policy" | "rule" | "comment":
            made = make(kind, names, new)
            gone = [] if kind == "comment" else drop(kind, names, old)
            found = None if made is None else [*gone, *made]
        case "extension":
            found = [f"alter extension {quoted(names[0])} set schema {quoted(new['schema'])}"]
        case "sequence":
            found = _sequence(names, new, keys)
        case _:
            found = None
    return None if found is None else [*found, *owner]


def _table(names: Names, old: Definition, new: Definition, keys: set[str]) -> list[str] | None:
    start = f"alter table {dotted(names)}"
    found = []
    if "rls" in keys:
        found.append(f"{start} {'enable' if new.get('rls') else 'disable'} row level security")
    if "rls_forced" in keys:
        found.append(f"{start} {'' if new.get('rls_forced') else 'no '}force row level security")
    if "options" in keys:
        found += _options(start, old, new)
    if "replica_identity" in keys:
        how = new.get("replica_identity", "default")
        if how == "index":
            return None
        found.append(f"{start} replica identity {how}")
    if "persistence" in keys:
        found.append(f"{start} set {'un' if new['persistence'] == 'unlogged' else ''}logged")
    known = {"rls", "rls_forced", "options", "replica_identity", "persistence"}
    return None if keys - known else found


def _options(start: str, old: Definition, new: Definition) -> list[str]:
    before, after = set(old.get("options") or ()), set(new.get("options") or ())
    names = {option.partition("=")[0] for option in after}
    gone = sorted({option.partition("=")[0] for option in before - after} - names)
    found = [f"{start} set ({', '.join(sorted(after - before))})"] if after - before else []
    return found + ([f"{start} reset ({', '.join(gone)})"] if gone else [])


def _column(names: Names, old: Definition, new: Definition, keys: set[str]) -> list[str] | None:
    start = f"alter table {dotted(names[:2])} alter column {quoted(names[2])}"
    found = []
    if "type" in keys or "collation" in keys:
        collate = f" collate {dotted(tuple(new['collation']))}" if new.get("collation") else ""
        using = f" using {quoted(names[2])}::{new['type']}"
        if old.get("default") is not None:
            found.append(f"{start} drop default")
            keys.add("default")
        found.append(f"{start} type {new['type']}{collate}{using}")
    if "default" in keys:
        default = new.get("default")
        how = "drop default" if default is None else f"set default {default}"
        found.append(f"{start} {how}")
    if "not_null" in keys:
        found.append(f"{start} {'set' if new.get('not_null') else 'drop'} not null")
    if "identity" in keys:
        if not new.get("identity"):
            found.append(f"{start} drop identity")
        else:
            how = "set" if old.get("identity") else "add"
            as_identity = "" if old.get("identity") else " as identity"
            found.append(f"{start} {how} generated {new['identity']}{as_identity}")
    if "statistics" in keys:
        found.append(f"{start} set statistics {new.get('statistics', -1)}")
    known = {"type", "collation", "default", "not_null", "identity", "statistics"}
    return None if keys - known else found


def _view(names: Names, old: Definition, new: Definition, keys: set[str]) -> list[str] | None:
    start = f"alter view {dotted(names)}"
    if keys <= {"options"}:
        return _options(start, old, new)
    made = make("view", names, new)
    assert made is not None
    columns, before = new.get("columns") or [], old.get("columns") or []
    if columns[: len(before)] != before:
        return [f"drop view {dotted(names)}", *made]  # its rights are given again; see mending
    gone = [o for o in _options(start, old, new) if " reset " in o]
    return [made[0].replace("create view", "create or replace view", 1), *gone]


def _type(names: Names, old: Definition, new: Definition, keys: set[str]) -> list[str] | None:
    """Labels can be added to an enum, not taken away."""
    if keys != {"labels"}:
        return None
    before, after = old.get("labels") or [], new.get("labels") or []
    if [label for label in after if label in before] != before:
        return None
    found = []
    for place, label in enumerate(after):
        if label not in before:
            where = f" before {literal(after[0 + 1])}" if place == 0 else ""
            where = where or f" after {literal(after[place - 1])}"
            found.append(f"alter type {dotted(names)} add value {literal(label)}{where}")
    return found


def _privileges(kind: str, names: Names, old: Definition, new: Definition) -> list[str]:
    more = [p for p in new["privileges"] if p not in old["privileges"]]
    plain = {p.rstrip("*") for p in new["privileges"]}
    less = [p for p in old["privileges"] if p.rstrip("*") not in plain]
    if kind == "default privilege":
        found = [default_privilege(names, less, "revoke")] if less else []
        return found + ([default_privilege(names, more, "grant")] if more else [])
    found = revoke(names, less) if less else []
    passing = [p for p in old["privileges"] if p.endswith("*") and p.rstrip("*") in more]
    for privilege in passing:
        found += [
            text.replace("revoke ", "revoke grant option for ", 1)
            for text in revoke(names, [privilege])
        ]
    return found + grant(names, [p for p in more if f"{p}*" not in passing])


def _sequence(names: Names, new: Definition, keys: set[str]) -> list[str] | None:
    words = {
        "type": "as {}", "start": "start {}", "increment": "increment {}",
        "minimum": "minvalue {}", "maximum": "maxvalue {}", "cache": "cache {}",
    }  # fmt: skip
    if not keys <= words.keys() | {"cycle"}:
        return None
    said = [words[key].format(new[key]) for key in words if key in keys]
    said += [] if "cycle" not in keys else ["cycle" if new.get("cycle") else "no cycle"]
    return [f"alter sequence {dotted(names)} {' '.join(said)}"]
