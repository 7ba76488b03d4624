"""The commands of the way back: rollback, restore, prove, draft-rollback."""

from __future__ import annotations

import argparse
import secrets
from datetime import UTC, datetime

from .. import catalog, history
from ..applying import lock
from ..applying.waiting import Limits, Progress
from ..cli import emit, say
from ..errors import NotApproved, Refused
from ..findings import Finding, failed
from ..notebook_names import ROLLBACK
from ..plan import Plan
from ..plan_file import read_plan
from ..project import author, find_project
from ..target import Target, identify, open_target, require_fit
from ..way_back import backup, restore


def rollback(options: argparse.Namespace) -> int:
    """Take migrations back through 09_rollback."""
    from .executing import counts, execute

    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    versions = [plan.migration(name).version for name in options.versions]
    if options.to:
        versions += _applied_after(plan, target, plan.migration(options.to).version)
    if not versions:
        what = (
            f"Nothing after {options.to} is applied." if options.to else "No migration was named."
        )
        raise Refused(what, remedy="Name versions, or --to VERSION.")
    given = {
        "mode": options.mode or ("check" if target.protected else "apply"),
        "approve": options.approve, "versions": " ".join(versions),
        "without_backup": options.without_backup,
    }  # fmt: skip
    code = execute(root, target, [ROLLBACK], options.operator, given)
    applied, total = counts(plan, target)
    say(f"{applied}/{total} applied on {target.name}")
    if given["mode"] == "check" and not code and (target.protected or options.without_backup):
        say(_rollback_token(options, given))
    return code


def _rollback_token(options: argparse.Namespace, given: dict[str, str]) -> str:
    from ..in_hand.desk import open_rollback

    desk = open_rollback(
        target=options.target, mode="check", operator=options.operator, project=options.project,
        versions=given["versions"], without_backup=options.without_backup,
    )  # fmt: skip
    names = ", ".join(migration.name for migration in desk.migrations)
    return (
        f"Rollback token for {names} on {desk.target.name} as it is now: {desk.token()}\n"
        "The record shows what would go. Next: the same command with"
        " --mode apply --approve TOKEN"
    )


def put_back(options: argparse.Namespace) -> int:
    """Put the rows of a rollback's backup back in their tables."""
    root = find_project(options.project)
    target = open_target(options.target, root)
    target.require_session("Putting rows back")
    made = [backup.read(folder) for folder in restore.find(root, options.record)]
    mode = options.mode or ("check" if target.protected else "apply")
    writer = author(options.operator)
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}_restore_{secrets.token_hex(4)}"
    room = root / "runs" / "backups" / stamp if options.replace else None
    with target.connect(purpose=writer.operator) as conn:
        require_fit(target, conn, identify(conn))
        now = catalog.fingerprint(catalog.snapshot(conn))
        expected = restore.token(identify(conn), now, made)
        if mode == "check":
            return _would(options, target, made, expected)
        if target.protected and options.approve != expected:
            raise NotApproved(
                f"Putting rows back on {target.name} needs the token for it.",
                remedy="--mode check prints it; have it approved, and pass it as --approve TOKEN.",
            )
        with lock.hold(target, writer.operator, on_wait=lambda who: say(f"  waiting for {who}")):
            rows = restore.put_back(
                target, conn, made, writer, Limits(), _said, replace=room
            )  # fmt: skip
    _show(options, f"Rows put back on {target.name}", rows)
    return 0


def _would(
    options: argparse.Namespace, target: Target, made: list[backup.Backup], token: str
) -> int:
    tables = [item for each in made for item in each.tables]
    if options.json:
        emit({"target": target.name, "token": token,
              "tables": {item.table: item.rows for item in tables}})  # fmt: skip
        return 0
    for item in tables:
        say(f"  {item.rows:>9} rows  {item.table}")
    say(f"Token for putting them back on {target.name} as it is now: {token}")
    return 0


def _show(options: argparse.Namespace, caption: str, rows: list[Finding]) -> None:
    if options.json:
        emit({"findings": [row._asdict() for row in rows]})
        return
    say(caption)
    for row in rows:
        say(f"  {row.verdict:<4}  {row.check}: {row.object}: {row.observed}")


def _said(progress: Progress) -> None:
    if progress.waiting:
        say(f"  {progress.waiting}")


def _applied_after(plan: Plan, target: Target, version: str) -> list[str]:
    with target.connect(purpose="rollback") as conn:
        there = history.classify(plan, history.read(conn))
    return [m.version for m in plan.migrations if m.version > version and there.holds(m.version)]


def prove(options: argparse.Namespace) -> int:
    """There and back again for each migration; exit 3 when one fails."""
    from ..way_back import prove as proving

    plan = read_plan(find_project(options.project))
    wanted = [plan.migration(name) for name in options.versions]

    def line(proof: proving.Proof) -> None:
        signs = "  ".join(f"{row.verdict:<12}" for row in proof.findings)
        say(f"  {proof.migration!s:<52}  {signs}  {proof.seconds:6.1f} s", options=options)
        for row in failed(proof.findings):
            say(f"    {row.check}: {row.observed}", options=options)

    steps = "  ".join(f"{step:<12}" for step in proving.STEPS)
    say(f"  {'migration':<52}  {steps}", options=options)
    proofs = proving.prove(plan, wanted, line)
    passed = sum(proof.passed for proof in proofs)
    total = len(wanted) or len(plan.everything)
    if options.json:
        emit({"proved": passed, "of": total, "findings": [
            row._asdict() for proof in proofs for row in proof.findings]})  # fmt: skip
    say(f"{passed} of {total} proved there and back again.", options=options)
    return 0 if passed == total else 3


def draft_rollback(options: argparse.Namespace) -> int:
    """Write the missing rollback file of a migration, and say what it cannot take back."""
    from ..way_back.draft import draft

    root = find_project(options.project)
    migration = read_plan(root).migration(options.version)
    shown = f"migrations/rollback/{migration.path.name}"
    if migration.rollback.exists():
        raise Refused(f"{shown} is there already.", remedy="Move it away to have one drafted.")
    made = draft(migration.script, migration.name)
    migration.rollback.parent.mkdir(exist_ok=True)
    migration.rollback.write_text(made.text, encoding="utf-8")
    say(shown)
    for each in (*made.missing, *made.assumed):
        word = "no inverse" if not each.sql else "assumed"
        say(f"  {migration.file}, line {each.line}: {word}: {each.says}")
    say("It takes back everything." if made.complete else "Complete it, then `runbook prove"
        f" {migration.version}`.")  # fmt: skip
    return 0
