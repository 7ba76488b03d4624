"""What an account that came over MCP says of a migration; by the rules of a direct connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import catalog
from ..apply import Applied, require_promised
from ..applying import account as accounts
from ..catalog import Catalog
from ..errors import NotApplied
from ..findings import SKIP, Finding
from ..plan import Migration
from ..twins.twin import Tried


class AppliedOverMcp(Applied):
    """What was done, and what this way could not show of it."""

    def findings(self, migration: Migration) -> list[Finding]:
        """As on a direct connection, with a SKIP for each thing that nobody looked at."""
        unseen = [
            ("Notice", "shown", "not known: over MCP the server's notices are not handed on"),
            ("Lock watch", "watched", "not watched: over MCP nobody sees who waits for whom"),
            ("Progress", "shown", "not shown: over MCP the file is one call, and is not cancelled"),
        ]
        rows = [Finding(check, migration.file, wanted, why, SKIP) for check, wanted, why in unseen]
        return [*super().findings(migration), *rows]


def judge(
    migration: Migration,
    seen: Mapping[str, Any] | None,
    objects: Catalog,
    tables: Mapping[int, accounts.Counters],
    *,
    attempt: int,
    forecast: Mapping[str, str] | None,
) -> AppliedOverMcp:
    """What an account says of the migration.

    Args:
        seen: the account, as queries/mcp_apply.sql takes it; None where nothing was foreseen.
        objects, tables: what was there before.
        attempt, forecast: for the findings.

    Raises:
        NotApplied: rows are lost that the plan does not declare, or things change that the file
            does not promise; or nothing was foreseen.
    """
    if seen is None:
        raise NotApplied("nothing was foreseen")
    taken = account(seen, tables)
    accounts.require_no_loss(migration, taken)
    changed = tuple(changes(objects, seen["changed"]))
    require_promised(migration, changed)
    count = len(migration.script.statements)
    return AppliedOverMcp(count, 0.0, attempt, (), "", taken, changed, forecast=forecast)


def account(seen: Mapping[str, Any], tables: Mapping[int, accounts.Counters]) -> accounts.Account:
    """The account that a text gave out, as one that was taken over a direct connection."""
    touched = {int(oid): each for oid, each in seen["touched"].items()}
    before = {oid: _before(old, touched.get(oid)) for oid, old in tables.items()}
    after = {oid: _after(old, touched.get(oid)) for oid, old in tables.items()}
    there = {oid: each for oid, each in after.items() if each is not None}
    return accounts.account_of(before, there, [(table, mode) for table, mode in seen["locks"]])


def foreseen(objects: Catalog, tried: Tried | None) -> Mapping[str, Any] | None:
    """The account that the twin gave, as the server would give it of the target."""
    if tried is None or tried.after is None or tried.account is None:
        return None
    changed = {
        json.dumps([change.kind, list(change.names)], ensure_ascii=False): [
            change.change,
            change.new,
        ]
        for change in catalog.diff(objects, tried.after)
    }
    return {"touched": {}, "locks": [list(each) for each in tried.account.locks],
            "changed": changed}  # fmt: skip


def changes(objects: Catalog, changed: Mapping[str, Any]) -> list[catalog.Change]:
    """The catalog's changes that a text gave out."""
    old, new = {}, {}
    for key, (_, definition) in changed.items():
        kind, names = json.loads(key)
        known = (kind, tuple(names))
        if known in objects.objects:
            old[known] = objects.objects[known]
        if definition is not None:
            new[known] = definition
    return catalog.diff(
        catalog.selected(old, "before", objects.major),
        catalog.selected(new, "after", objects.major),
    )


def _before(old: accounts.Counters, touched: Mapping[str, Any] | None) -> accounts.Counters:
    has_rows = touched["has_rows"] if touched else old.has_rows
    return accounts.Counters(old.oid, old.name, 0, has_rows, 0, 0, 0, 0)


def _after(old: accounts.Counters, touched: Mapping[str, Any] | None) -> accounts.Counters | None:
    """The counters afterwards, counted from nothing; None of a table that is gone."""
    if touched is None:
        return _before(old, None)
    if touched["gone"]:
        return None
    return accounts.Counters(
        old.oid, old.name, int(touched["refiled"]), touched["has_rows"], touched["inserted"],
        touched["updated"], touched["deleted"], touched["dropped_columns"],
    )  # fmt: skip
