"""The command line: a second, thin face on what the notebooks use.

Exit codes: 0 done · 2 refused · 3 a check failed · 4 SQL failed, rolled back · 5 in doubt.
With --json, stdout holds one JSON document and nothing else; what is for people goes to stderr.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from .commands.usage import parser
from .errors import RunbookError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code."""
    # A closed pipe (`runbook status | head`) ends us quietly, as it does every other filter.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = parsed(argv)
    try:
        return _command(options.run)(options)
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
        said = {"state": getattr(error, "state", ""), "remedy": getattr(error, "remedy", remedy)}
        if hasattr(error, "remedy"):  # one that was foreseen, of another kind than ours
            words = str(error)
        return _report(options, RunbookError(redact(words), **said), 1)


def _command(run: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, imported now."""
    module, function = run.split(":")
    gc.disable()  # importing makes thousands of objects, and no rubbish among them
    try:
        return getattr(importlib.import_module(f".{module}", __package__), function)
    finally:
        gc.freeze()  # nor will these ever be any
        gc.enable()


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options; those that no command of ours knows are refused, or passed on by `lab`."""
    usage = parser()
    options, unknown = usage.parse_known_args(argv)
    options.unknown = unknown
    if unknown and not getattr(options, "passes_on", False):
        usage.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


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
