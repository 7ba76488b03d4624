"""The command line: a second, thin face on what the notebooks use.

Exit codes: 0 done · 2 refused · 3 a check failed · 4 SQL failed, rolled back · 5 in doubt.
With --json, stdout holds one JSON document and nothing else; what is for people goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from .errors import RunbookError

EPILOG = "exit codes: 0 done, 2 refused, 3 a check failed, 4 SQL failed and rolled back, 5 in doubt"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code."""
    # A closed pipe (`runbook status | head`) ends us quietly, as it does every other filter.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = _parser().parse_args(argv)
    try:
        return options.run(options)
    except RunbookError as error:
        return _report(options, error, error.exit_code)
    except KeyboardInterrupt:
        print("Interrupted. `runbook status` says what is applied.", file=sys.stderr)
        return 130
    except Exception as error:
        if options.debug:
            raise
        from .redact import redact

        words = f"Unexpected: {type(error).__name__}: {error}".split("\n", 1)[0]

        remedy = "`runbook status` says what is applied; --debug shows where this came from."
        return _report(options, RunbookError(redact(words), remedy=remedy), 1)


def _report(options: argparse.Namespace, error: RunbookError, code: int) -> int:
    if options.debug:
        traceback.print_exc()
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    if getattr(options, "json", False):
        words = {"what": error.what, "state": error.state, "remedy": error.remedy}
        emit({"error": {"kind": type(error).__name__, **words}, "exit_code": code})
    return code


def emit(document: Any) -> None:
    """The one JSON document of a --json command."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def say(text: str = "", *, options: argparse.Namespace | None = None) -> None:
    """Words for people: stdout, or stderr when stdout is for a machine."""
    print(text, file=sys.stderr if getattr(options, "json", False) else sys.stdout, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runbook",
        description="Database migrations as a Jupyter runbook.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = _command(commands, "run", "execute phase notebooks and archive the records")
    run.add_argument("phases", nargs="*", metavar="PHASE", help="ids or numbers; default: all")
    _target(run)
    run.add_argument("--mode", choices=("check", "apply"), default="", help="default: apply on"
                     " embedded, check anywhere else")  # fmt: skip
    run.add_argument("--approve", default="", metavar="TOKEN", help="the plan token")
    run.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    run.add_argument("--lock-timeout-ms", type=int, default=2_000, metavar="MS")
    run.add_argument("--again", action="store_true", help="also when nothing is pending")
    run.set_defaults(run=_run)

    status = _command(commands, "status", "applied, pending, edited, foreign, out of order")
    _target(status)
    _json(status)
    status.set_defaults(run=_status)

    validate = _command(commands, "validate", "system-wide validation, read-only")
    _target(validate)
    _json(validate)
    validate.set_defaults(run=_validate)

    rollback = _command(commands, "rollback", "take migrations back, the latest first")
    rollback.add_argument("versions", nargs="*", metavar="VERSION", help="versions or names")
    rollback.add_argument("--to", default="", metavar="VERSION", help="everything after VERSION")
    _target(rollback)
    _changing(rollback, "the rollback token; --mode check prints it")
    rollback.add_argument("--without-backup", action="store_true", help="do not save the rows that"
                          " go; needs the token everywhere")  # fmt: skip
    rollback.set_defaults(run=_rollback)

    restore = _command(commands, "restore", "put the rows that a rollback saved back")
    restore.add_argument("record", metavar="RECORD", help="the rollback's record, or a folder of"
                         " runs/backups/")  # fmt: skip
    _target(restore)
    _changing(restore, "the token; --mode check prints it")
    restore.add_argument("--replace", action="store_true", help="rows that the re-apply wrote are"
                         " saved and make room")  # fmt: skip
    _json(restore)
    restore.set_defaults(run=_restore)

    prove = _command(commands, "prove", "apply, verify, roll back, compare, apply again: on a"
                     " fresh embedded database")  # fmt: skip
    prove.add_argument("versions", nargs="*", metavar="VERSION", help="default: all of the plan")
    _json(prove)
    prove.set_defaults(run=_prove)

    draft = _command(commands, "draft-rollback", "write a rollback file from the migration's SQL")
    draft.add_argument("version", metavar="VERSION", help="version or name")
    draft.set_defaults(run=_draft)

    audit = _command(commands, "audit", "the records in runs/")
    audit.add_argument("what", choices=("list", "show"), help="list them, or show one")
    audit.add_argument("record", nargs="?", default="", help="for show: a record's name")
    _json(audit)
    audit.set_defaults(run=_audit)

    reset = _command(commands, "reset", "delete an embedded database; refuses anything else")
    _target(reset)
    reset.set_defaults(run=_reset)

    lab = _command(commands, "lab", "open JupyterLab on a working copy of the notebooks")
    lab.add_argument("options", nargs=argparse.REMAINDER, help="passed on to jupyter lab")
    lab.set_defaults(run=_lab)

    new = _command(commands, "new", "a new migration with its rollback and scenario")
    new.add_argument("name", help="what it does, in words: add_speaker_table")
    new.set_defaults(run=_new)

    notebooks = _command(commands, "notebooks", "write the notebooks from the plan")
    notebooks.set_defaults(run=_notebooks)
    return parser


def _command(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help, epilog=EPILOG)
    parser.add_argument("--project", metavar="DIR", help="the folder with migrations/, notebooks/"
                        " and runs/ (default: here)")  # fmt: skip
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", default=os.environ.get("RUNBOOK_TARGET", "embedded"),
        help="embedded, embedded:NAME, service=NAME or env:VAR (default: embedded)",
    )  # fmt: skip


def _changing(parser: argparse.ArgumentParser, token: str) -> None:
    parser.add_argument("--mode", choices=("check", "apply"), default="", help="default: apply on"
                        " embedded, check anywhere else")  # fmt: skip
    parser.add_argument("--approve", default="", metavar="TOKEN", help=token)
    parser.add_argument("--operator", default="", metavar="NAME", help="default: the login name")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


# Imported when called: `runbook status` must not pay for papermill and pandas.
def _run(options: argparse.Namespace) -> int:
    from .commands import run

    return run(options)


def _status(options: argparse.Namespace) -> int:
    from .questions import status

    return status(options)


def _validate(options: argparse.Namespace) -> int:
    from .questions import validate

    return validate(options)


def _rollback(options: argparse.Namespace) -> int:
    from .commands_back import rollback

    return rollback(options)


def _restore(options: argparse.Namespace) -> int:
    from .commands_back import put_back

    return put_back(options)


def _prove(options: argparse.Namespace) -> int:
    from .commands_back import prove

    return prove(options)


def _draft(options: argparse.Namespace) -> int:
    from .commands_back import draft_rollback

    return draft_rollback(options)


def _audit(options: argparse.Namespace) -> int:
    from .questions import audit

    return audit(options)


def _reset(options: argparse.Namespace) -> int:
    from .commands import reset

    return reset(options)


def _lab(options: argparse.Namespace) -> int:
    from .lab import lab

    return lab(options)


def _new(options: argparse.Namespace) -> int:
    from .commands import new

    return new(options)


def _notebooks(options: argparse.Namespace) -> int:
    from .commands import write

    return write(options)
