"""In which order the objects of a difference can be made, or taken away.

The catalog does not say what depends on what; a definition that mentions an object's name may. What
is mentioned for nothing costs only an order that would have been free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..catalog import Change
from ..promises.names import Names

if TYPE_CHECKING:
    from .mending import Mend

_KINDS = (
    "schema", "extension", "type", "sequence", "table", "column", "function", "constraint",
    "index", "view", "materialized view", "trigger", "rule", "publication", "published table",
    "policy", "default privilege", "grant", "comment",
)  # fmt: skip
_MENTIONED = ("type", "sequence", "table", "function", "view", "materialized view")
_ON_TABLE = ("column", "constraint", "policy", "trigger", "rule")
_WORD = re.compile(r"\w+")


def roots_first(mended: Sequence[Mend], along: Mapping[Names, list[Change]]) -> list[Mend]:
    """What others need comes before them; in the order of kinds where nothing is needed.

    Args:
        along: by table or view, the changes that happen along with it.
    """
    nodes = sorted((each for each in mended if each.statements), key=_place)
    named: dict[str, list[Mend]] = {}
    for each in nodes:
        if each.change.kind in _MENTIONED:
            named.setdefault(each.change.names[-1 if each.change.kind == "type" else 1], []).append(
                each
            )
    holders = {
        each.change.names: each
        for each in nodes
        if each.change.kind in ("table", "view", "materialized view")
    }
    found: dict[int, Mend] = {}
    visiting: set[int] = set()

    def visit(each: Mend) -> None:
        if id(each) in found or id(each) in visiting:
            return
        visiting.add(id(each))
        for other in _needed(each, named, holders, along):
            visit(other)
        found[id(each)] = each

    for each in nodes:
        visit(each)
    return list(found.values())


def _needed(
    each: Mend,
    named: Mapping[str, list[Mend]],
    holders: Mapping[Names, Mend],
    along: Mapping[Names, list[Change]],
) -> Iterator[Mend]:
    change = each.change
    holder = holders.get(_table(change))
    if holder is not None and holder is not each:
        yield holder
    changes = [change]
    if change.kind in ("table", "view", "materialized view"):
        changes += along.get(change.names, ())
    words = {word for item in changes for word in _WORD.findall(_text(item))}
    for word in sorted(words & named.keys()):
        yield from (other for other in named[word] if other is not each)


def _table(change: Change) -> Names:
    if change.kind in _ON_TABLE:
        return change.names[:2]
    if change.kind == "index":
        return tuple((change.new or change.old or {})["table"])
    return ()


def _text(change: Change) -> str:
    definition = dict(change.new or change.old or {})
    body = str(definition.get("body", ""))
    if change.kind == "function" and not body.startswith(("BEGIN ATOMIC", "RETURN ")):
        definition.pop("body", None)  # a string to the server: nothing it mentions is needed
    definition.pop("comment", None)
    return json.dumps([*change.names[2:], definition], ensure_ascii=False, default=str)


def _place(mend: Mend) -> int:
    kind, new = mend.change.kind, mend.change.new or {}
    if new.get("form") == "foreign key":
        kind = "index"  # after the keys that it refers to
    elif kind == "column" and new.get("generated"):
        kind = "constraint"  # after the columns and functions that it is made from
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
