"""The catalog in one statement: the queries of `reading`, side by side, so that it is one moment.

The same text is what a block asks before and after a migration, and what a snapshot is read from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .. import reading
from ..reading import Part
from ..resources import query
from . import block

_QUERIES = (*reading.OF_ALL, *reading.OF_PARTS)

_DOCUMENT = """
select coalesce(json_agg(json_build_array(f.owner, f.kind, f.names, f.definition, f.digest)), '[]')
from found as f
"""

# As catalog.fingerprint: the digest of what belongs to one owner, and of all these.
_SUMMARY = """
select (select coalesce(jsonb_object_agg(jsonb_build_array(f.kind, f.names)::text, f.definition),
                   '{}') from found as f),
       (select encode(sha256(convert_to(coalesce(string_agg(
                   m.mark, '' order by m.mark collate "C"), ''), 'UTF8')), 'hex')
        from (select distinct encode(sha256(convert_to(string_agg(f.digest, ''
                  order by f.digest collate "C"), 'UTF8')), 'hex') as mark
              from found as f group by f.owner) as m)
"""


def parts(
    conn: object, schemas: Iterable[str] | None, relations: Iterable[str] | None
) -> Mapping[str, Part]:
    """The catalog's parts within these bounds, as `reading.read` gives them, in one call.

    Args:
        conn: a Connection of ours, in a transaction that pins how definitions are printed.
    """
    sql = _found(schemas, relations) + _DOCUMENT
    [[rows]] = conn.execute(sql)  # type: ignore[attr-defined]
    return reading.arranged(json.loads(rows) if isinstance(rows, str) else rows)


def summary() -> str:
    """A query for the whole catalog: one object by kind and name, and its fingerprint."""
    return _found(None, None) + _SUMMARY


def _found(schemas: Iterable[str] | None, relations: Iterable[str] | None) -> str:
    bounds = {
        "schemas": None if schemas is None else list(schemas),
        "relations": None if relations is None else list(relations),
        "among": None,
    }
    names = ("schemas", "relations", "routines", "types")
    scope = {name: f"(select runbook_scope.{name} from runbook_scope)" for name in names}
    asked = "\nunion all\n".join(
        "select q.owner, q.kind, q.names, q.definition"
        f" from ({query(f'catalog_{name}') % scope}\n) q"
        for name in _QUERIES
    )
    return (
        f"with runbook_scope as materialized (\n{block.bound(query('catalog_scope'), bounds)}\n),\n"
        "found as materialized (select a.owner, a.kind, a.names, a.definition, encode(sha256("
        "convert_to(a.kind || a.names::text || a.definition::text, 'UTF8')), 'hex') as digest"
        f" from (\n{asked}\n) as a)"
    )
