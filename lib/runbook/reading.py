"""Reading the catalog: whole the first time, and afterwards only what was touched since.

Everything that belongs to one relation, function or type is one part, and each part has a stamp
made of the places and transactions of its catalog rows (queries/catalog_stamps.sql). A part whose
stamp is still the same, and none of whose dependencies was touched, is not read again. So the work
of a second reading grows with what a migration touches and not with the database.

Nothing is believed from memory alone: the stamps are asked anew for every reading, in the same
snapshot, and what they do not cover is always read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor

from .promises.names import Names
from .resources import query
from .servers.plans import Plans

Key = tuple[str, Names]
# A query's name, its text and its parameters; and what gives the rows of several.
Asked = tuple[str, str, Mapping[str, Any]]
Ask = Callable[[Iterable[Asked]], list[list[tuple]]]
Properties = Mapping[str, Any]

# In the order in which an operator wants to read a difference; and what each one's rows belong to.
OF_PARTS = {
    "types": "t",
    "sequences": "r",
    "tables": "r",
    "columns": "r",
    "constraints": "rt",
    "indexes": "r",
    "views": "r",
    "routines": "f",
    "triggers": "r",
    "policies": "r",
    "grants": "rft",
    "comments": "rft",
}
OF_ALL = ("schemas", "defaults", "publications", "operators")
_SCOPE = ("schemas", "relations", "routines", "types")
_LETTERS = {"r": "relations", "f": "routines", "t": "types"}
_REST = ""  # the part of what belongs to no relation, function or type
_REST_STAMP, _SCOPE_STAMP = "-0", "-1"

# A query's rows as one text: reading thousands of small ones takes this process twice as long.
_AS_DOCUMENT = """
select coalesce(json_agg(json_build_array(q.owner, q.kind, q.names, q.definition, encode(sha256(
    convert_to(q.kind || q.names::text || q.definition::text, 'UTF8')), 'hex'))), '[]')::text
from (
{}
) as q
"""


@dataclass(frozen=True)
class Part:
    """What belongs to one relation, function or type; or the rest.

    Fields:
        objects: each one's properties.
        mark: equal exactly when two parts hold the same objects with the same properties.
    """

    objects: Mapping[Key, Properties]
    mark: str


@dataclass(frozen=True)
class Reading:
    """What one reading found.

    Fields:
        parts: owner ("r", "f" or "t" and an OID; "" for the rest) → its objects.
        stamps: owner → a number that changes with any of its catalog rows; others', too.
        named: digest of the names that definitions mention and pg_depend does not lead to.
        schemas: OIDs of the project's.
    """

    parts: Mapping[str, Part]
    stamps: Mapping[str, int]
    named: str
    schemas: Sequence[int]


def read(
    cursor: Cursor, schemas: list[str] | None, relations: list[str] | None
) -> Mapping[str, Part]:
    """The parts within these bounds; None for no bound. Nothing is remembered of it."""
    ask = _asking(cursor)
    return _parts(ask, _scope(ask, schemas, relations))


def read_whole(cursor: Cursor, known: Iterable[Reading] = ()) -> Reading:
    """Everything; what is as it was in the nearest of the `known` readings is not read again."""
    known = tuple(known)
    # Planned for good from the second reading on; the first, of everything, has plans of its own.
    ask = Plans(cursor).ask if known else _asking(cursor)
    [[(document, named)]] = ask([("catalog_stamps", query("catalog_stamps"), {})])
    stamps = json.loads(document)
    alike = [(reading, _differing(reading.stamps, stamps)) for reading in known
             if reading.named == named]  # fmt: skip
    if not alike:
        scope = _scope(ask, None, None)
        return Reading(_parts(ask, scope), stamps, named, scope["schemas"])
    last, differing = min(alike, key=lambda each: len(each[1]))
    schemas, owners = _owned(ask, last, differing)
    # What came with the server itself has no stamp, and is read each time.
    unknown = (owners - last.parts.keys()) | (owners - stamps.keys())
    touched = (owners & differing) | unknown
    reached = _with_dependents(ask, touched) if touched else touched
    rest = not {_REST_STAMP, _SCOPE_STAMP}.isdisjoint(reached | differing)
    touched = reached & owners
    kept = {o: part for o, part in last.parts.items() if o in owners and o not in touched}
    if not rest:
        kept[_REST] = last.parts[_REST]
    scope = {"schemas": schemas, **(_oids(owners) if rest else _oids(()))}
    fresh = _parts(ask, scope, touched, rest=rest)
    return Reading({**kept, **fresh}, stamps, named, schemas)


def within(cursor: Cursor, reading: Reading, relations: list[str]) -> Mapping[str, Part]:
    """Of a whole reading, what `read` gives for these relations; of the rest, everything."""
    scope = _scope(Plans(cursor).ask, None, relations, among=[])
    wanted = {f"r{oid}" for oid in scope["relations"]}
    return {o: part for o, part in reading.parts.items() if o[:1] != "r" or o in wanted}


def _differing(before: Mapping[str, int], now: Mapping[str, int]) -> set[str]:
    """Whose stamps are not as they were, also of what came and went."""
    return {owner for owner, _ in before.items() ^ now.items()}


def _owned(ask: Ask, last: Reading, differing: set[str]) -> tuple[Sequence[int], set[str]]:
    """The project's schemas and owners now, asked for what was touched since the last reading."""
    if _SCOPE_STAMP in differing:
        scope = _scope(ask, None, None)
        return scope["schemas"], _owners(scope)
    owners = last.parts.keys() - differing - {_REST}
    some = [int(owner[1:]) for owner in differing if owner[0] in _LETTERS]
    if some:
        owners |= _owners(_scope(ask, None, None, among=some))
    return last.schemas, owners


def _owners(scope: Mapping[str, list[int]]) -> set[str]:
    return {f"{letter}{oid}" for letter, of in _LETTERS.items() for oid in scope[of]}


def _asking(cursor: Cursor) -> Ask:
    """Each query by itself, planned for its parameters."""

    def ask(asked: Iterable[Asked]) -> list[list[tuple]]:
        return [cursor.execute(text, parameters).fetchall() for _, text, parameters in asked]

    return ask


def _scope(
    ask: Ask,
    schemas: list[str] | None,
    relations: list[str] | None,
    *,
    among: list[int] | None = None,
) -> dict[str, list[int]]:
    bounds = {"schemas": schemas, "relations": relations, "among": among}
    [[row]] = ask([("catalog_scope", query("catalog_scope"), bounds)])
    return dict(zip(_SCOPE, row, strict=True))


def _with_dependents(ask: Ask, owners: set[str]) -> set[str]:
    name = "catalog_dependents"
    [rows] = ask([(name, query(name), _oids(owners))])
    return owners | {owner for (owner,) in rows}


def _oids(owners: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {of: [] for of in _LETTERS.values()}
    for owner in owners:
        found[_LETTERS[owner[0]]].append(int(owner[1:]))
    return found


def _parts(
    ask: Ask, scope: Mapping[str, list[int]], only: set[str] | None = None, *, rest: bool = True
) -> dict[str, Part]:
    """The parts of these owners (None: of all in scope), and perhaps the rest."""
    bounds = scope if only is None else {**scope, **_oids(only)}
    owners = [f"{letter}{oid}" for letter, of in _LETTERS.items() for oid in bounds[of]]
    found: dict[str, dict[Key, tuple[Properties, str]]] = {o: {} for o in (_REST, *owners)}
    asked = [_document(name, scope) for name in OF_ALL if rest]
    for name, letters in OF_PARTS.items():
        # Grants and comments hold those of schemas and extensions, too.
        if (rest and len(letters) == 3) or any(bounds[_LETTERS[letter]] for letter in letters):
            asked.append(_document(name, bounds))
    for [[document]] in ask(asked):
        for owner, kind, names, properties, digest in json.loads(document):
            found.setdefault(owner, {})[(kind, tuple(names))] = (properties, digest)
    if not rest:
        del found[_REST]
    return {owner: _part(objects) for owner, objects in found.items()}


def _document(name: str, bounds: Mapping[str, Any]) -> Asked:
    return (f"catalog_{name}", _AS_DOCUMENT.format(query(f"catalog_{name}")), bounds)


def arranged(rows: Iterable[Sequence[Any]]) -> dict[str, Part]:
    """Parts of (owner, kind, names, properties, digest), however these were read."""
    found: dict[str, dict[Key, tuple[Properties, str]]] = {}
    for owner, kind, names, properties, digest in rows:
        found.setdefault(owner, {})[(kind, tuple(names))] = (properties, digest)
    return {owner: _part(objects) for owner, objects in found.items()}


def _part(objects: Mapping[Key, tuple[Properties, str]]) -> Part:
    digests = "".join(sorted(digest for _, digest in objects.values()))
    mark = hashlib.sha256(digests.encode("ascii")).hexdigest()
    return Part({key: properties for key, (properties, _) in objects.items()}, mark)
