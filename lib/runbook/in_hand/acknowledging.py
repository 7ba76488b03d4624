"""Acknowledging: what a migration of medium or high risk did, shown once more before it is closed.

Rows, locks and access are in the stages' tables; here they stand together, and the ledger keeps
who acknowledged them. In a headless run nobody sits in front of it: the event says so, and what was
acknowledged is in the run's record.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import OutOfOrder
from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..ledger import DONE, PASSED, Event, latest, since_rollback
from ..plan import Migration
from ..scenarios.matrix import CHECK as ACCESS

STAGE = "acknowledge"
_SHOWN = {"apply": ("Existing rows", "Locks", "Stage"), "precheck": ("Lock forecast", "Risk")}


def asked_of(migration: Migration) -> bool:
    """Whether the migration's risk asks for it."""
    return migration.risk != "low"


def shown(migration: Migration, events: Sequence[Event]) -> list[Finding]:
    """What is acknowledged: risk, lock forecast, account and access.

    Raises:
        OutOfOrder: the test stage has not passed on this file: there is not everything to see.
    """
    counting = since_rollback(events)
    test = latest(counting, "test")
    sha256 = migration.script.sha256
    if test is None or test.state not in (PASSED, DONE) or test.detail.get("sha256") != sha256:
        raise OutOfOrder(
            f"{migration.name}: what it changed is known when its test stage has passed.",
            remedy=f"Run the cell {migration.variable}.test() first.",
        )
    rows: list[Finding] = []
    for stage in ("precheck", "apply"):
        event = latest(counting, stage)
        rows += [row for row in event.findings if row.check in _SHOWN[stage]] if event else []
    changed = [row for row in test.findings if row.check == ACCESS]
    if changed:
        return rows + changed
    if test.detail.get("access"):
        tables = len({row[0] for row in test.detail["access"]})
        words = f"nothing that was known changed; {tables} tables measured"
        return [*rows, Finding("Access", migration.file, "shown", words, PASS)]
    return [*rows, Finding("Access", migration.file, "shown", "not measured", SKIP)]


def required(migration: Migration, events: Sequence[Event]) -> list[Finding]:
    """The checkpoint's row; none where the risk is low."""
    if not asked_of(migration):
        return []
    event = latest(since_rollback(events), STAGE)
    if event is None or event.detail.get("sha256") != migration.script.sha256:
        words = f"not run; a risk of {migration.risk} asks for it"
        return [Finding("Stage", STAGE, "acknowledged", words, FAIL)]
    if event.detail.get("unattended"):
        words = f"by {event.operator}, in a headless run: nobody looked at it meanwhile"
        return [Finding("Stage", STAGE, "acknowledged", words, WARN)]
    return [Finding("Stage", STAGE, "acknowledged", f"by {event.operator}", PASS)]
