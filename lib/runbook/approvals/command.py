"""`runbook approve TOKEN`: the second person's word, in the target's ledger."""

from __future__ import annotations

import argparse

from .. import history
from ..cli import say
from ..errors import Refused
from ..plan_file import read_plan
from ..project import author, find_project
from ..target import identify, open_target, require_fit
from .person import told_apart
from .second import approve


def run(options: argparse.Namespace) -> int:
    """Write down that somebody approves exactly what a token covers; nothing else is changed."""
    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    if not target.protected:
        raise Refused(
            f"{target.name} is the embedded server: nothing on it needs an approval.",
            remedy="Name the target that the token was made for.",
        )
    writer = author(options.operator)
    with target.connect(purpose=f"{writer.operator}: approve") as conn:
        identity = identify(conn)
        require_fit(target, conn, identity)
        waiting = {m.version for m in history.classify(plan, history.read(conn)).pending}
        pending = [m for m in plan.migrations if m.version in waiting]
        approver, checked = approve(target, conn, identity, pending, options.token, writer)
    say(f"{approver.operator} approved {options.token} on {target.name}: login {approver.login},"
        f" database role {approver.role}.")  # fmt: skip
    if checked is None:
        say("Who made the check is not known in this folder.")
    elif not told_apart(approver, checked):
        say("Under --require-other-approver it does not count: only a typed name, if that, tells"
            f" {approver.operator} from {checked.operator}, who made the check.")  # fmt: skip
    return 0
