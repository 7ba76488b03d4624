"""The plan token: what an approver approves, as one short word.

A hash over the SQL of the pending files, the risk and the losses that the plan declares for them,
the target's identity and the fingerprint of its catalog.
Whoever approves the token approves exactly that; an edited file, another database or a change that
somebody made by hand since gives another token, and the old one opens nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import psycopg

from .. import catalog, ledger
from ..catalog import Catalog
from ..errors import NotApproved
from ..ledger import Author, Event
from ..plan import Migration
from ..target import Identity, Target
from . import manifest, second
from .manifest import Manifest
from .person import present

_LENGTH = 20


def plan_token(identity: Identity, fingerprint: str, pending: Sequence[Migration]) -> str:
    """The token for applying these files, in this order, to this database as it is now."""
    return token_for(identity.key, fingerprint, pending)


def token_for(key: str, fingerprint: str, pending: Sequence[Migration]) -> str:
    """plan_token() of a database that is known by its key."""
    covered = {
        "target": key,
        "catalog": fingerprint,
        "files": [[m.version, manifest.approved(m)] for m in pending],
    }
    text = json.dumps(covered, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def offer(
    conn: psycopg.Connection,
    target: Target,
    identity: Identity,
    pending: Sequence[Migration],
    author: Author,
) -> Manifest:
    """The token for what is pending now, with all that it covers; kept in runs/plans/."""
    now = catalog.snapshot(conn)
    token = plan_token(identity, catalog.fingerprint(now), pending)
    covered = manifest.manifest(token, target, identity, now, pending, present(conn, author))
    if target.protected:
        manifest.keep(target.project, covered)
    return covered


def require_approval(
    conn: psycopg.Connection,
    target: Target,
    identity: Identity,
    pending: Sequence[Migration],
    given: str,
    author: Author,
    *,
    later: Sequence[Migration] = (),
    using: bool = True,
) -> None:
    """Let a protected target be changed only under a token that covers what is pending.

    The first use of a token is written to the ledger with the files it covers. From then on it
    stays good for the rest of those files, as long as the catalog is the one that the runbook's
    own last step left: approval does not end in the middle of what was approved.

    Args:
        pending: what must be covered: this phase's pending files and those before it.
        given: the token.
        later: pending files of later phases; a token may cover them too.
        using: False only looks, and writes nothing.

    Raises:
        NotApproved: no token, or one for something else; names what differs.
    """
    if not target.protected:
        return
    if not given:
        raise NotApproved(
            f"Target {target.name} is protected and no token was given.", remedy=_remedy(target)
        )
    there = catalog.snapshot(conn)
    now = catalog.fingerprint(there)
    events = ledger.read(conn)
    covered = covered_by(identity, now, [*pending, *later], given, least=len(pending))
    if covered is None:
        if not used_before(events, given):
            raise not_for_this(target, given, identity, there, pending, later)
        require_rest(events, target, pending, given, now)
    other = second.require_other(conn, events, given, author) if second.required() else ""
    if covered is not None and using:
        ledger.record(
            conn, author, stage="approval", state=ledger.DONE, token=given, catalog=now,
            files={m.version: manifest.approved(m) for m in covered},
            **({"other_approver": other} if other else {}),
        )  # fmt: skip


def covered_by(
    identity: Identity, now: str, pending: Sequence[Migration], given: str, *, least: int
) -> Sequence[Migration] | None:
    """The files that this token covers: the first ones that are pending, `least` at least."""
    for count in range(least, len(pending) + 1):
        if given == plan_token(identity, now, pending[:count]):
            return pending[:count]
    return None


def not_for_this(
    target: Target,
    given: str,
    identity: Identity,
    now: Catalog,
    pending: Sequence[Migration],
    later: Sequence[Migration] = (),
) -> NotApproved:
    """The refusal of a token that does not fit, naming what changed since it was made."""
    known = manifest.find(target.project, given)
    if known is None:
        said = [
            "a file, the target or its catalog is not what was approved (which of them cannot be"
            " said: no check in this folder printed it; is it mistyped?)"
        ]
    else:
        said = manifest.changed(known, identity, now, [*pending, *later])
        said += [f"{m.file} is not covered" for m in pending if m.version not in known.files]
    words = "; ".join(said) or "it covers more than what is pending"
    return NotApproved(
        f"The token {given} is not for what is pending on {target.name} now: {words}.",
        remedy=_remedy(target),
    )


def _remedy(target: Target) -> str:
    return (
        f"Run it with mode=check (`runbook run --target {target.name} --mode check`), have the"
        " token approved, and pass it: --approve TOKEN (in a notebook: approve = …)"
    )


def used_before(events: Sequence[Event], given: str) -> Event | None:
    """The last event in which this token was used."""
    return next(
        (e for e in reversed(events) if e.stage == "approval" and e.detail["token"] == given), None
    )


def require_rest(
    events: Sequence[Event],
    target: Target,
    pending: Sequence[Migration],
    given: str,
    now: str,
) -> None:
    """A token that was used once is good for the rest of what it covered."""
    approved = used_before(events, given)
    assert approved is not None
    files = approved.detail["files"]
    for migration in pending:
        if files.get(migration.version) != manifest.approved(migration):
            raise NotApproved(
                f"The token {given} does not cover {migration.file} as it is now"
                + (", with the losses that the plan declares." if migration.may_lose else "."),
                remedy=_remedy(target),
            )
    left = [e.detail["catalog"] for e in events if e.seq >= approved.seq and "catalog" in e.detail]
    if left[-1] != now:
        raise NotApproved(
            f"The catalog of {target.name} changed since the token {given} was last used, and not"
            " by the runbook.",
            remedy=_remedy(target),
        )
