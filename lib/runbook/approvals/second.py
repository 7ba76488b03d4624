"""Two-person mode: what one checked, another approves, before it is applied.

`runbook approve TOKEN` writes an event `approve` into the target's ledger. Under
`--require-other-approver` a token is good only with such an event, by somebody who is neither the
one who made the check nor the one who applies, and whom more than a typed name tells apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import psycopg
from psycopg import sql

from .. import catalog, ledger
from ..errors import NotApproved
from ..ledger import Author, Event
from ..plan import Migration
from ..resources import query
from ..target import Identity, Target
from .manifest import find
from .person import Person, present, told_apart

REQUIRED = "RUNBOOK_REQUIRE_OTHER_APPROVER"
STAGE = "approve"


def required() -> bool:
    """Whether this process asks for a second person; kernels inherit the variable."""
    return os.environ.get(REQUIRED, "").strip().lower() not in {"", "0", "false", "no"}


def approve(
    target: Target,
    conn: psycopg.Connection,
    identity: Identity,
    pending: Sequence[Migration],
    token: str,
    author: Author,
    *,
    checked: Person | None = None,
) -> tuple[Person, Person | None]:
    """Write into the ledger that somebody approved a token; it is for what is pending, as it is.

    Args:
        pending: everything that is pending; a token covers the first ones of it.
        checked: who made the check, where that is known from elsewhere than runs/plans/.

    Returns:
        Who approved, and who made the check, where this project's folder knows that.

    Raises:
        NotApproved: the token is for something else; names what differs.
    """
    from .token import covered_by, not_for_this

    now = catalog.snapshot(conn)
    covered = covered_by(identity, catalog.fingerprint(now), pending, token, least=1)
    if covered is None:
        raise not_for_this(target, token, identity, now, (), pending)
    known = find(target.project, token)
    if checked is None and known:
        checked = Person(**known.checked)
    approver = present(conn, author)
    _write_as(conn, known.role if known else checked.role if checked else None)
    ledger.record(
        conn, author, stage=STAGE, state=ledger.DONE, token=token,
        files={m.version: m.script.sha256 for m in covered}, by=asdict(approver),
        checked=asdict(checked) if checked else None,
    )  # fmt: skip
    return approver, checked


def _write_as(conn: psycopg.Connection, checked: str | None) -> None:
    """Take the role that the ledger is written as; whoever makes a ledger would own it.

    Raises:
        NotApproved: our role is not in it.
    """
    row = conn.execute(query("ledger_owner"), {"checked": checked}).fetchone()
    assert row is not None
    role, ours, member = row
    if ours:
        return
    if not member:
        raise NotApproved(
            f"The ledger is role {role}'s, and this session's role is not in it.",
            remedy=f"Have {role} granted to it (GRANT … TO …), or approve as {role} from another"
            " system login.",
        )
    conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


def require_other(
    conn: psycopg.Connection, events: Iterable[Event], token: str, author: Author
) -> str:
    """Who else approved this token, in words for the ledger.

    Raises:
        NotApproved: nobody did, or nobody of whom more than a typed name says that it is another.
    """
    approvals = [e for e in events if e.stage == STAGE and e.detail.get("token") == token]
    applying, refused = present(conn, author), ""
    for event in reversed(approvals):
        approver = Person(**event.detail["by"])
        others = [("applies it", applying)]
        if event.detail.get("checked"):
            others.append(("made the check", Person(**event.detail["checked"])))
        same = next((who for who, other in others if not told_apart(approver, other)), "")
        if not same:
            return f"{approver.operator}, told apart by {told_apart(approver, applying)}"
        refused = (
            f" {approver.operator} approved it, and is not known to be another than who {same}:"
            f" operator {approver.operator}, login {approver.login}, role {approver.role}."
        )
    raise NotApproved(
        f"The token {token} needs the approval of a second person.{refused}",
        remedy="Somebody else runs `runbook approve TOKEN --target …`: under another name, and from"
        " another system login or as another database role. A typed name alone proves nothing.",
    )
