"""What the command line takes: one function for each family of commands.

Each command names the function that does it as "module:function"; `cli` imports it when it is
called, so that `runbook status` does not pay for papermill and pandas.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..fleet import options

EPILOG = "exit codes: 0 done, 2 refused, 3 a check failed, 4 SQL failed and rolled back, 5 in doubt"


def parser() -> argparse.ArgumentParser:
    """The parser of `runbook`; `options.run` is the chosen command's "module:function"."""
    top = argparse.ArgumentParser(
        prog="runbook",
        description="Database migrations as a Jupyter runbook.",
        epilog=EPILOG,
    )
    top.set_defaults(project=None, debug=False)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for family in (_forward, _looking, _made_up, _back, _records, _writing):
        family(commands)
    options.add(commands, _command)
    return top


def _forward(commands: Any) -> None:
    """Apply, step through, start again."""
    run = _command(commands, "run", "execute phase notebooks and archive the records")
    run.add_argument("phases", nargs="*", metavar="PHASE", help="ids or numbers, or `validation`"
                     " for the system's alone; default: all")  # fmt: skip
    _target(run)
    run.add_argument("--mode", choices=("check", "apply"), default="", help="default: apply on"
                     " embedded, check anywhere else")  # fmt: skip
    run.add_argument("--approve", default="", metavar="TOKEN", help="the plan token")
    run.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    run.add_argument("--require-other-approver", action="store_true", help="two-person mode: the"
                     " token is good only once somebody else ran `runbook approve`")  # fmt: skip
    run.add_argument("--lock-timeout-ms", type=int, default=2_000, metavar="MS")
    run.add_argument("--again", action="store_true", help="also when nothing is pending")
    run.add_argument("--sign", default="", metavar="KEYFILE", help="sign the records; default:"
                     " the file that RUNBOOK_SIGNING_KEY names")  # fmt: skip
    _archive(run)
    run.set_defaults(run="commands.doing:run")

    approve = _command(commands, "approve", "approve a plan token: the second person's word")
    approve.add_argument("token", metavar="TOKEN", help="as `run --mode check` printed it")
    _target(approve)
    approve.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    approve.set_defaults(run="approvals.command:run")

    reset = _command(commands, "reset", "delete an embedded database; refuses anything else")
    _target(reset)
    reset.set_defaults(run="commands.doing:reset")

    lab = _command(commands, "lab", "open JupyterLab on a working copy of the notebooks")
    lab.description = f"{lab.description}; other options (--no-browser, …) are passed on to it"
    lab.set_defaults(run="commands.lab:lab", passes_on=True)


def _made_up(commands: Any) -> None:
    """Rows to look at, and how fast."""
    populate = _command(commands, "populate", "fill the tables of an embedded database with rows;"
                        " refuses anything else")  # fmt: skip
    populate.add_argument("--rows", type=int, required=True, metavar="N",
                          help="how many rows each table holds afterwards")  # fmt: skip
    populate.add_argument("--table", action="append", default=[], metavar="SCHEMA.TABLE",
                          help="only this one and those it refers to; may be repeated")  # fmt: skip
    populate.add_argument("--vectors", type=int, default=1_000, metavar="N",
                          help="rows with an embedding in each such table (1000)")  # fmt: skip
    _target(populate)
    _json(populate)
    populate.set_defaults(run="populate.command:populate")

    measure = _command(commands, "measure", "time sample queries, policies and vector searches;"
                       " nothing of it remains")  # fmt: skip
    measure.add_argument("--rows", type=int, action="append", default=[], metavar="N", help="fill"
                         " the tables up to N first; embedded only, may be repeated")  # fmt: skip
    measure.add_argument("--table", action="append", default=[], metavar="SCHEMA.TABLE", help="fill"
                         " only this one and those it refers to; may be repeated")  # fmt: skip
    measure.add_argument("--plot", default="", metavar="FILE",
                         help="draw time against rows: .svg or .png")  # fmt: skip
    _target(measure)
    _json(measure)
    measure.set_defaults(run="performance.command:run")


def _looking(commands: Any) -> None:
    """Questions; nothing changes."""
    status = _command(commands, "status", "applied, pending, edited, foreign, out of order")
    _target(status)
    _json(status)
    status.set_defaults(run="commands.looking:status")

    following = _command(commands, "next", "where a target stands and what to do next, with the"
                         " command")  # fmt: skip
    following.epilog = (
        "exit codes: 0 go on, or nothing to do, 2 refused, 3 something has to be mended or settled"
        " first, 4 what was tried last was rolled back, 5 in doubt"
    )
    _target(following)
    _json(following)
    following.set_defaults(run="next_step.command:run")

    handover = _command(commands, "handover", "the card for whoever takes over")
    _target(handover)
    _json(handover)
    handover.set_defaults(run="panel.handover:command")

    validate = _command(commands, "validate", "system-wide validation, read-only")
    _target(validate)
    _json(validate)
    validate.add_argument("--play", action="store_true", help="play the scenarios again, too, and"
                          " measure access; rolled back")  # fmt: skip
    validate.add_argument("--performance", action="store_true", help="measure against the plan's"
                          " thresholds, too; rolled back")  # fmt: skip
    validate.set_defaults(run="validation.command:validate")

    drift = _command(commands, "drift", "what was changed by hand since it was applied, read-only")
    _target(drift)
    _json(drift)
    drift.set_defaults(run="drift.command:drift")

    rehearse = _command(commands, "rehearse", "what is pending, in full on a copy of the target")
    _target(rehearse)
    rehearse.add_argument("--sample-rows", type=int, default=0, metavar="N", help="copy up to N"
                          " rows of each table, and those they refer to")  # fmt: skip
    rehearse.add_argument("--load", action="store_true", help="and what users would feel: apply"
                          " each under a small load on what it locks, on the copy")  # fmt: skip
    rehearse.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    _json(rehearse)
    rehearse.set_defaults(run="rehearsal.command:run")


def _back(commands: Any) -> None:
    """The way back."""
    rollback = _command(commands, "rollback", "take migrations back, the latest first")
    rollback.add_argument("versions", nargs="*", metavar="VERSION", help="versions or names")
    rollback.add_argument("--to", default="", metavar="VERSION", help="everything after VERSION")
    _target(rollback)
    _changing(rollback, "the rollback token; --mode check prints it")
    rollback.add_argument("--without-backup", action="store_true", help="do not save the rows that"
                          " go; needs the token everywhere")  # fmt: skip
    rollback.set_defaults(run="commands.back:rollback")

    restore = _command(commands, "restore", "put the rows that a rollback saved back")
    restore.add_argument("record", metavar="RECORD", help="the rollback's record, or a folder of"
                         " runs/backups/")  # fmt: skip
    _target(restore)
    _changing(restore, "the token; --mode check prints it")
    restore.add_argument("--replace", action="store_true", help="rows that the re-apply wrote are"
                         " saved and make room")  # fmt: skip
    _json(restore)
    restore.set_defaults(run="commands.back:put_back")

    prove = _command(commands, "prove", "apply, verify, roll back, compare, apply again: on a"
                     " fresh embedded database")  # fmt: skip
    prove.add_argument("versions", nargs="*", metavar="VERSION", help="default: all of the plan")
    _json(prove)
    prove.set_defaults(run="commands.back:prove")

    mend = _command(commands, "reconcile", "what could be mended in the history, and with --mode"
                    " apply, mend it; no migration is run")  # fmt: skip
    _target(mend)
    _changing(mend, "the token; --mode check prints it", mode="check")
    _json(mend)
    mend.set_defaults(run="drift.reconciling:reconcile")


def _records(commands: Any) -> None:
    """The archived runs."""
    audit = _command(commands, "audit", "the records in runs/: list, show, verify, …")
    records = audit.add_subparsers(dest="what", metavar="WHAT", required=True)

    each = _command(records, "list", "the records in runs/, oldest first")
    _json(each)
    each.set_defaults(run="audit.commands:list_")

    show = _command(records, "show", "one record: what came of it, and its files")
    show.add_argument("record", metavar="RECORD", help="a record's name, id or folder")
    _json(show)
    show.set_defaults(run="audit.commands:show")

    verify = _command(records, "verify", "has anything been changed, removed, put in or rewound?")
    verify.add_argument("records", nargs="*", metavar="RECORD", help="default: all, their chain,"
                        " and with --target the ledger")  # fmt: skip
    verify.add_argument("--target", default="", metavar="T", help="hold them against its ledger")
    verify.add_argument("--key", default="", metavar="PUB", help="the public key that they are"
                        " signed with")  # fmt: skip
    _json(verify)
    verify.set_defaults(run="audit.commands:verify")

    diff = _command(
        records, "diff", "two runs side by side: verdicts, rows, times, access, catalog"
    )
    diff.add_argument("a", metavar="A", help="a record's name, id or folder")
    diff.add_argument("b", metavar="B", help="the other one")
    _json(diff)
    diff.set_defaults(run="audit.commands:diff")

    index = _command(records, "index", "write runs/index.html: one page over all records")
    index.set_defaults(run="audit.commands:index")

    prune = _command(records, "prune", "old records become tombstones; their digests stay")
    prune.add_argument("--keep", type=int, required=True, metavar="N", help="the newest N stay")
    prune.add_argument("--mode", choices=("check", "apply"), default="check", help="default: check,"
                       " which only names them")  # fmt: skip
    prune.add_argument("--backups", action="store_true", help="also those that hold the rows of a"
                       " rollback")  # fmt: skip
    prune.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    prune.set_defaults(run="audit.commands:prune")

    upload = _command(records, "upload", "copy records to the archive, and read them back")
    upload.add_argument("records", nargs="*", metavar="RECORD", help="default: all")
    _archive(upload)
    upload.set_defaults(run="audit.commands:upload")

    key = _command(records, "key", "write a new signing key")
    key.add_argument("file", metavar="FILE", help="the key; its public half is FILE.pub")
    key.set_defaults(run="audit.commands:key")


def _writing(commands: Any) -> None:
    """Files of a project."""
    init = _command(commands, "init", "make a project of a folder of migrations")
    init.add_argument("source", metavar="SOURCE", help="the folder, or the project that holds"
                      " supabase/migrations; . in an empty folder begins a project")  # fmt: skip
    init.add_argument("--phase", action="append", default=[], metavar="NAME=FIRST..LAST",
                      help="a phase and its versions; else the dates' gaps decide")  # fmt: skip
    init.add_argument("--platform", choices=("supabase", "postgresql"), default="",
                      help="default: what the files speak of")  # fmt: skip
    init.add_argument("--applied-to", default="", metavar="VERSION", help="production holds all up"
                      " to this one: they become the baseline")  # fmt: skip
    init.add_argument("--mend", action="store_true", help="write files with a byte order mark or"
                      " CRLF as plain UTF-8")  # fmt: skip
    init.add_argument("--without-replay", action="store_true", help="do not run the files on a"
                      " scratch database: no rollback is drafted")  # fmt: skip
    _json(init)
    init.set_defaults(run="adopt.command:init")

    draft = _command(commands, "draft-rollback", "write a rollback file from the migration's SQL")
    draft.add_argument("version", metavar="VERSION", help="version or name")
    draft.set_defaults(run="commands.back:draft_rollback")

    new = _command(commands, "new", "a new migration with its rollback and scenario")
    new.add_argument("name", help="what it does, in words: add_speaker_table")
    new.set_defaults(run="commands.doing:new")

    notebooks = _command(commands, "notebooks", "write the notebooks from the plan")
    notebooks.set_defaults(run="commands.doing:write")


def _command(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help, epilog=EPILOG)
    # What is not given is not set: `runbook audit --project DIR list` must keep its DIR.
    unset = argparse.SUPPRESS
    parser.add_argument("--project", metavar="DIR", default=unset, help="the folder with"
                        " migrations/, notebooks/ and runs/ (default: here)")  # fmt: skip
    parser.add_argument("--debug", action="store_true", default=unset, help="show tracebacks")
    return parser


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", default=os.environ.get("RUNBOOK_TARGET", "embedded"),
        help="embedded, embedded:NAME, service=NAME, env:VAR or mcp:REF (default: embedded)",
    )  # fmt: skip


def _changing(parser: argparse.ArgumentParser, token: str, mode: str = "") -> None:
    says = mode or "apply on embedded, check anywhere else"
    parser.add_argument("--mode", choices=("check", "apply"), default=mode, help=f"default: {says}")
    parser.add_argument("--approve", default="", metavar="TOKEN", help=token)
    parser.add_argument("--operator", default="", metavar="NAME", help="default: the login name")


def _archive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--archive", default="", metavar="URL", help="copy the records there, too:"
                        " s3://bucket/folder, …; default: RUNBOOK_ARCHIVE")  # fmt: skip


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
