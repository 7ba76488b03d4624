"""The command: show what could be mended in the history, and mend it once it is approved."""

from __future__ import annotations

import argparse

from .. import history
from ..applying import lock
from ..cli import emit, say
from ..errors import NotApproved
from ..plan_file import read_plan
from ..project import author, find_project
from ..target import Target, identify, open_target, require_fit
from .reconcile import Proposal, mend, propose, token


def reconcile(options: argparse.Namespace) -> int:
    """Propose, and only when told to apply, mend; exit 3 where something is left as it is.

    Check is the default everywhere: who asks what could be mended must not have mended it.
    """
    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    writer = author(options.operator)
    with target.connect(purpose=writer.operator) as conn:
        identity = identify(conn)
        require_fit(target, conn, identity)
        seen = history.read(conn)
        proposals, left = propose(conn, plan)
        expected = token(identity, seen, proposals)
        mends = options.mode == "apply" and bool(proposals)
        if mends:
            if target.protected and options.approve != expected:
                raise NotApproved(
                    f"Mending the history of {target.name} needs the token for it.",
                    remedy="--mode check prints it; have it approved, and pass it as --approve"
                    " TOKEN.",
                )
            with lock.hold(
                target, writer.operator, on_wait=lambda who: say(f"  waiting for {who}")
            ):
                mend(conn, proposals, seen, writer)
    _show(options, target, proposals, left, expected, mended=mends)
    return 3 if left else 0


def _show(
    options: argparse.Namespace,
    target: Target,
    proposals: list[Proposal],
    left: list[str],
    expected: str,
    *,
    mended: bool,
) -> None:
    if options.json:
        emit({
            "target": target.name, "mended": mended, "token": expected,
            "mends": [
                {"does": p.does, "version": p.migration.version, "row": p.row and p.row.version,
                 "why": p.why} for p in proposals
            ],
            "left": left,
        })  # fmt: skip
        return
    count = len(proposals)
    done = "mended" if mended else "to mend"
    say(f"{target.name}: {count or 'no'} row{'s' * (count != 1)} of the history {done}")
    for proposal in proposals:
        say(f"  {proposal.does:<9}  {proposal.words}: {proposal.why}")
    for words in left:
        say(f"  left       {words}")
    if proposals and not mended:
        token = " --approve TOKEN" if target.protected else ""
        if token:
            say(f"Token for these mends on {target.name} as it is now: {expected}")
        say(f"Nothing was changed. Next: the same command with --mode apply{token}")
