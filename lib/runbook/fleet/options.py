"""What `runbook fleet …` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

Command = Callable[[Any, str, str], argparse.ArgumentParser]


def add(commands: Any, command: Command) -> None:
    """Add the family of commands about many databases.

    Args:
        commands: the sub-parsers of `runbook`.
        command: makes one of them, with what all commands take.
    """
    help = "many databases, in waves"
    fleet = commands.add_parser("fleet", help=help, description=help)
    inner = fleet.add_subparsers(dest="what", metavar="COMMAND", required=True)
    run = command(inner, "run", "take the databases of targets.toml through the phase notebooks")
    _which(run)
    run.add_argument("--mode", choices=("check", "apply"), default="check", help="default: check,"
                     " which surveys the fleet and prints each wave's token")  # fmt: skip
    run.add_argument("--approve", action="append", default=[], metavar="TOKEN", help="a wave's"
                     " token; may be given several times")  # fmt: skip
    run.add_argument("--require-other-approver", action="store_true", help="two-person mode: a"
                     " wave also needs `runbook fleet approve` by somebody else")  # fmt: skip
    run.add_argument("--lock-timeout-ms", type=int, default=2_000, metavar="MS")
    run.add_argument("--archive", default="", metavar="URL", help="copy all records and the summary"
                     " there, too: s3://bucket/folder, …; default: RUNBOOK_ARCHIVE")  # fmt: skip
    run.add_argument("--json", action="store_true", help="one JSON document on stdout")
    run.set_defaults(run="fleet.command:run")

    approve = command(inner, "approve", "approve a wave's token: the second person's word")
    approve.add_argument("token", metavar="TOKEN", help="that the check printed for the wave")
    _which(approve)
    approve.set_defaults(run="fleet.command:approve")


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("phases", nargs="*", metavar="PHASE", help="ids or numbers; default: all")
    parser.add_argument(
        "--targets", default="targets.toml", metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--operator", default="", metavar="NAME", help="default: the login name")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask scheduler's, as"
                        " tcp://host:8786; default: a cluster on this machine")  # fmt: skip
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="of the cluster on"
                        " this machine; default: one a core")  # fmt: skip
