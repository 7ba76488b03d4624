"""What stands first in the way, and what to do about it: the shape of the answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """Where it stands, and the way on.

    Fields:
        kind: at work · in doubt · file · edited · re-stamped · failed · issue · half way · begun ·
            drift · pending · to validate · done.
        now: what is the matter, worst first.
        steps: what to do, in order; a command stands alone in its step, with a remark in
            parentheses behind it.
        cell: the notebook's cell that goes on; "" where there is none.
        exit_code: 0 go on, or nothing to do · 3 something has to be mended or settled first ·
            4 the last apply or rollback was rolled back · 5 in doubt.
        also: what does not stand in the way, and should be known.
    """

    kind: str
    now: tuple[str, ...]
    steps: tuple[str, ...] = ()
    cell: str = ""
    exit_code: int = 0
    also: tuple[str, ...] = ()
