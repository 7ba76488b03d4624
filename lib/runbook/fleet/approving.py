"""One token a wave: it covers the files, the catalog that fresh targets share, and their names.

Equal tenants share one approval, because they are equal: same pending files, same fingerprint. A
target that is not like the others has drifted; it is reported and left alone. From a wave's token,
each target's own plan token follows, which the target's notebooks ask for as ever.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..approvals.manifest import approved
from ..plan import Plan
from .file import Fleet
from .survey import DRIFTED, FRESH, Surveyed

_LENGTH = 20


class Reference(NamedTuple):
    """What fresh targets are like: their catalog's fingerprint and their pending versions."""

    catalog: str
    waiting: tuple[str, ...]


def reference(surveyed: Sequence[Surveyed]) -> Reference | None:
    """What most fresh targets are like; the first one where two are equally many."""
    fresh = Counter(Reference(s.catalog, s.waiting) for s in surveyed if s.state == FRESH)
    return fresh.most_common(1)[0][0] if fresh else None


def compared(surveyed: Sequence[Surveyed], like: Reference | None) -> list[Surveyed]:
    """The same, with fresh targets that are not like the reference called drifted."""
    return [
        each
        if each.state != FRESH or like == (each.catalog, each.waiting)
        else replace(each, state=DRIFTED, why=_unlike(each, like))
        for each in surveyed
    ]


def _unlike(each: Surveyed, like: Reference | None) -> str:
    if like is not None and each.waiting != like.waiting:
        return "other migrations are pending here than on the others"
    return "its catalog is not like the others'"


def wave_token(
    fleet: Fleet, number: int, plan: Plan, like: Reference, seen: Mapping[str, Surveyed]
) -> str:
    """The token for one wave. Who is in it is the file's; done or not, the token stays."""
    covered = {
        "wave": number,
        "catalog": like.catalog,
        "files": [[v, approved(plan.migration(v))] for v in like.waiting],
        "targets": sorted([m.name, seen[m.name].key] for m in fleet.wave(number)),
    }
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:_LENGTH]
