"""A cell whose name nobody made: the kernel was restarted, or a cell above was left out.

Python says `NameError` and nothing of the database. In kernels of `runbook lab` the cell says what
every other refusal says: what happened, what state the database is in, what to run.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

_STATE = (
    "This line did nothing. What earlier cells did is kept in the database and its ledger; a kernel"
    " forgets it, and they do not."
)


def install() -> None:
    """Put the words in the place of the traceback, in this kernel."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((NameError,), _shown)


def words(name: str, known: Any) -> list[str]:
    """The three sentences about a name that is not there.

    Args:
        known: the kernel's names.
    """
    what = (
        f"NameError: no cell of this kernel has made {name!r} yet: it was restarted, or the cell"
        " that makes it was left out."
    )
    if "phase" in known:
        first = f"Run the cell that begins with `{name} =` first"
    else:
        first = "Run the first cells of this notebook (parameters, and the one that opens it) first"
    return [what, _STATE, f"{first}; what is recorded is shown again and changes nothing."]


def _shown(
    shell: Any,
    kind: type[BaseException],
    error: NameError,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    if trace is not None and _last(trace).tb_frame.f_locals is shell.user_ns and error.name:
        lines = words(error.name, shell.user_ns)
    else:  # a mistake deeper down: all of it is wanted
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
    shell._showtraceback(kind, error, lines)


def _last(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace
