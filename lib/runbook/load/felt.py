"""What a load felt: how long its requests took before, during and after the apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from ..applying.account import MODES
from ..findings import PASS, WARN, Finding
from ..humane import humane

BEFORE, DURING, AFTER = "before", "during", "after"
FELT = "Felt by others"
NOTICED_MS = 1_000  # who waits longer has noticed


@dataclass(frozen=True)
class Request:
    """One request: when it was due, in seconds of the load, and how long its answer took.

    Fields:
        waited: whether it was seen waiting for a lock of the migration.
    """

    due: float
    took_ms: float
    waited: bool = False

    @property
    def ended(self) -> float:
        return self.due + self.took_ms / 1000


@dataclass(frozen=True)
class Stream:
    """The requests of one kind on one table; `error` is what ended them before their time."""

    kind: str
    table: str
    requests: tuple[Request, ...]
    error: str = ""

    def __str__(self) -> str:
        return f"{self.kind}s of {self.table}"


@dataclass(frozen=True)
class Times:
    """How long some requests took, in milliseconds, by nearest rank."""

    count: int
    p50: float
    p95: float
    longest: float

    def __str__(self) -> str:
        told = (f"{word} {milliseconds(ms)}" for word, ms in
                (("p50", self.p50), ("p95", self.p95), ("max", self.longest)))  # fmt: skip
        return f"{', '.join(told)} ({self.count})"


@dataclass(frozen=True)
class Felt:
    """One apply under load.

    Fields:
        name: of the migration.
        began, ended: of the apply, in seconds of the load.
        locks: table → the hardest lock that the migration held on it.
        rows: table → how many rows the copy held.
        rate: requests a second of each stream.
    """

    name: str
    streams: tuple[Stream, ...]
    began: float
    ended: float
    rate: int
    locks: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def took_s(self) -> float:
        return self.ended - self.began

    @property
    def longest_ms(self) -> float:
        """The longest that any request took whose time touched the apply's."""
        taken = [r.took_ms for stream in self.streams for r in self.of(stream, DURING)]
        return max(taken, default=0.0)

    @property
    def title(self) -> str:
        waits = sum(r.waited for stream in self.streams for r in stream.requests)
        felt = f"{waits or 'no'} request{'s' * (waits > 1)} waited for it"
        return (
            f"{self.name}: applied in {milliseconds(1000 * self.took_s)} under load; {felt},"
            f" the longest answer took {milliseconds(self.longest_ms)}"
        )

    def of(self, stream: Stream, when: str) -> list[Request]:
        """The stream's requests before, during or after the apply."""
        return [r for r in stream.requests if self._when(r) == when]

    def _when(self, request: Request) -> str:
        if request.ended <= self.began:
            return BEFORE
        return AFTER if request.due >= self.ended else DURING

    def words(self) -> Iterator[str]:
        """All of it, line by line."""
        took = milliseconds(1000 * self.took_s)
        yield f"apply: {took}, from {self.began:.2f} s to {self.ended:.2f} s"
        for table, mode in self.locks.items():
            stops = MODES[mode] or "blocks no reads or writes"
            yield f"{table}: {mode} ({stops}), {self.rows.get(table, 0):,} rows on the copy"
        for stream in self.streams:
            for when in (BEFORE, DURING, AFTER):
                said = times(self.of(stream, when))
                yield f"{stream}, {when}: {said or 'none'}"
            waited = [r for r in stream.requests if r.waited]
            if waited:
                longest = milliseconds(max(r.took_ms for r in waited))
                yield f"{stream}: {len(waited)} waited for a lock, the longest {longest}"
            if stream.error:
                yield f"{stream}, as before the migration, end with an error: {stream.error}"
        yield (
            f"load: each of them {self.rate} times a second, counted from when it was due; what is"
            " written is taken back"
        )

    def findings(self) -> Iterator[Finding]:
        """A row for each stream."""
        expected = f"answers within {humane(NOTICED_MS / 1000)}"
        for stream in self.streams:
            during, before = times(self.of(stream, DURING)), times(self.of(stream, BEFORE))
            if stream.error:
                observed = f"as before the migration, they end with an error: {stream.error}"
                yield Finding(FELT, str(stream), expected, observed, WARN)
            elif during is None:
                observed = "no request fell into its time"
                yield Finding(FELT, str(stream), expected, observed, PASS)
            else:
                waited = sum(r.waited for r in stream.requests)
                observed = f"during {during}; before {before or 'none'}; {waited} waited for a lock"
                slow = during.longest > NOTICED_MS
                yield Finding(FELT, str(stream), expected, observed,
                              WARN if slow else PASS)  # fmt: skip

    def document(self) -> dict[str, Any]:
        """What a record keeps beside the picture."""
        return {"title": self.title, "longest_ms": round(self.longest_ms, 3),
                "words": list(self.words())}  # fmt: skip


def times(requests: Sequence[Request]) -> Times | None:
    """Median, 95th percentile and longest; None of none."""
    taken = sorted(request.took_ms for request in requests)
    if not taken:
        return None
    p50, p95 = (taken[max(ceil(share * len(taken)) - 1, 0)] for share in (0.50, 0.95))
    return Times(len(taken), p50, p95, taken[-1])


def milliseconds(ms: float) -> str:
    """As people say them; below ten with a digit more."""
    return f"{ms:.{int(ms < 10)}f} ms" if ms < 1_000 else humane(ms / 1000)
