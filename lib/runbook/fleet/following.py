"""Who follows a fleet's run: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from .work import PASSED

_LINES = 20


class Follower(AbstractContextManager):
    """Is told what goes on, from any thread; this one does nothing with it."""

    def wave(self, number: int, waves: int, total: int) -> None:
        """A wave begins, with so many targets to run."""

    def started(self, target: str, notebook: str) -> None:
        """A target begins with a notebook."""

    def ended(self, target: str, outcome: Mapping[str, Any]) -> None:
        """A target is through, or is not."""

    def __exit__(self, *_: object) -> None:
        """The run is over."""


class Bar(Follower):
    """tqdm's bar on stderr, one a wave."""

    def __init__(self) -> None:
        self._bar: Any = None

    def wave(self, number: int, waves: int, total: int) -> None:
        from tqdm import tqdm

        self.__exit__()
        self._failed, self._now = 0, ""
        self._bar = tqdm(
            total=total, desc=f"wave {number} of {waves}", unit="target", file=sys.stderr,
            dynamic_ncols=True,
        )  # fmt: skip

    def started(self, target: str, notebook: str) -> None:
        self._now = f"{target} {notebook}"
        self._say()

    def ended(self, target: str, outcome: Mapping[str, Any]) -> None:
        if outcome["outcome"] != PASSED:
            self._failed += 1
            self._bar.write(f"  {target}: {_words(outcome)}", file=sys.stderr)
        self._bar.update()
        self._say()

    def _say(self) -> None:
        self._bar.set_postfix_str(f"{self._failed} failed, {self._now}")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


class Lines(Follower):
    """A line for whatever fails, and one every twentieth part of a wave."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def wave(self, number: int, waves: int, total: int) -> None:
        self._wave, self._total = f"wave {number} of {waves}", total
        self._done = self._failed = 0

    def ended(self, target: str, outcome: Mapping[str, Any]) -> None:
        self._done += 1
        if outcome["outcome"] != PASSED:
            self._failed += 1
            self._say(f"  {target}: {_words(outcome)}")
        if self._done == self._total or self._done % max(1, self._total // _LINES) == 0:
            self._say(f"  {self._wave}: {self._done} of {self._total}, {self._failed} failed")


def _words(outcome: Mapping[str, Any]) -> str:
    what = str((outcome.get("error") or {}).get("what", "")).split("\n", 1)[0]
    return f"{outcome['outcome']}: {what}" if what else str(outcome["outcome"])
