"""The waves, on Dask: who runs where and when is the scheduler's; when to stop is ours."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..approvals import second
from ..approvals.token import token_for
from ..notebook_names import BASELINE, VALIDATION
from ..plan import Phase, Plan
from .approving import Reference, compared, reference, wave_token
from .file import Fleet
from .following import Follower
from .survey import BEGUN, DONE, FRESH, UNREACHABLE, Surveyed, look
from .work import FAILED, PASSED, Order, Passing, migrate


@dataclass
class Run:
    """A fleet's run while it goes on, and what became of it.

    Fields:
        root, plan, phases, fleet: what is run, and where.
        notebooks: their file names, in order.
        seen: the survey, by target name.
        like: what fresh targets are like; None where none is fresh.
        outcomes: by target name; work.migrate() says what is in one.
        stopped: why not everything was run, in words; "" when everything was.
        id: of this run.
    """

    root: Path
    plan: Plan
    phases: Sequence[Phase]
    fleet: Fleet
    notebooks: tuple[str, ...]
    seen: dict[str, Surveyed] = field(default_factory=dict)
    like: Reference | None = None
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def last(self) -> str:
        """The version that the chosen phases end with."""
        return self.phases[-1].migrations[-1].version

    def asking(self, wave: int) -> list[Surveyed]:
        """The targets of a wave that are run only with an approval."""
        members = [self.seen[m.name] for m in self.fleet.wave(wave)]
        return [each for each in members if each.protected and each.state == FRESH]

    def token(self, wave: int) -> str:
        """The approval that a wave needs; "" where nothing in it does."""
        if self.like is None or not self.asking(wave):
            return ""
        return wave_token(self.fleet, wave, self.plan, self.like, self.seen)

    def own_token(self, seen: Surveyed) -> str:
        """The plan token that a target's own notebooks ask for."""
        if seen.protected and seen.state == FRESH:
            pending = [self.plan.migration(version) for version in seen.waiting]
            return token_for(seen.key, seen.catalog, pending)
        return seen.token

    def failures(self, wave: int) -> int:
        """How many targets of a wave failed."""
        outcomes = [self.outcomes.get(m.name, {}) for m in self.fleet.wave(wave)]
        return sum(outcome.get("outcome") in (FAILED, UNREACHABLE) for outcome in outcomes)


def prepare(root: Path, plan: Plan, phases: Sequence[Phase], fleet: Fleet, *, whole: bool) -> Run:
    """A run of the fleet; nothing is looked at yet.

    Args:
        whole: with baseline and validation around the phases, as `runbook run` without a phase.
    """
    names = [phase.notebook for phase in phases]
    if whole:
        names = [BASELINE, *names, VALIDATION]
    return Run(root, plan, phases, fleet, tuple(names))


@contextmanager
def cluster(scheduler: str, workers: int) -> Iterator[Any]:
    """A Dask client: of the scheduler at this address, or of a local cluster made for the run."""
    from distributed import Client, LocalCluster

    if scheduler:
        with Client(scheduler, timeout="20s", set_as_default=False) as client:
            yield client
        return
    count = workers or max(os.cpu_count() or 1, 1)
    # Any free port of this machine's own: with None it is 8787, and a warning where that is taken.
    page = "127.0.0.1:0"
    with (
        LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address=page, silence_logs="ERROR"
        ) as made,
        Client(made, set_as_default=False) as client,
    ):
        yield client


def survey(run: Run, client: Any) -> None:
    """Look at every target, at the same time, and find what fresh ones have in common."""
    names = [member.name for member in run.fleet.members]
    futures = [client.submit(look, str(run.root), n, run.last, pure=False) for n in names]
    found = client.gather(futures)
    run.like = reference(found)
    run.seen = {each.name: each for each in compared(found, run.like)}


def apply(
    run: Run,
    client: Any,
    approvals: Sequence[str],
    given: dict[str, Any],
    follower: Follower,
    save: Callable[[], None],
    *,
    until: int = 0,
) -> None:
    """Run wave after wave; stop at one that failed too often or that nobody approved.

    Args:
        approvals: the tokens of waves.
        given: parameters for the notebooks.
        follower: is told what goes on.
        save: called after each wave.
        until: the wave to stop after; 0 runs them all.
    """
    from .second import lacking

    run.stopped = ""
    for number in range(1, (until or run.fleet.waves) + 1):
        todo = _todo(run, number)
        token = run.token(number)
        if token and token not in approvals:
            run.stopped = f"wave {number} needs its approval: {token}"
            return
        if words := lacking(run, number):
            run.stopped = words
            return
        if todo:
            _wave(run, client, number, todo, given, follower)
            save()
        failures = run.failures(number)
        if failures > run.fleet.max_failures:
            run.stopped = (
                f"{failures} of wave {number} failed, and max_failures is {run.fleet.max_failures}"
            )
            return


def _todo(run: Run, number: int) -> list[Surveyed]:
    """Who of a wave is to be run; of the others it is written down why they are not."""
    todo = []
    for member in run.fleet.wave(number):
        seen = run.seen[member.name]
        if run.outcomes.get(seen.name, {}).get("outcome") == PASSED:
            continue
        if seen.state in (FRESH, BEGUN):
            todo.append(seen)
        else:
            error = None if seen.state == DONE else {"kind": seen.state, "what": seen.why}
            run.outcomes[seen.name] = {"outcome": seen.state, "records": [], "error": error}
    return todo


def _wave(
    run: Run,
    client: Any,
    number: int,
    todo: list[Surveyed],
    given: dict[str, Any],
    follower: Follower,
) -> None:
    from distributed import Event, as_completed

    # A name of its own: a wave that was stopped may be tried again on the same cluster.
    stop = Event(f"runbook-{run.id}-{number}-{uuid.uuid4().hex[:8]}", client=client)
    topic = f"runbook-{run.id}"
    follower.wave(number, run.fleet.waves, len(todo))
    client.subscribe_topic(topic, lambda event: follower.started(*event[1]))
    futures = {
        client.submit(
            migrate, _order(run, seen, stop.name, given), pure=False, retries=run.fleet.retries
        ): seen.name
        for seen in todo
    }
    for future in as_completed(futures, loop=client.loop):
        name = futures[future]
        run.outcomes[name] = _outcome(future)
        if run.failures(number) > run.fleet.max_failures:
            stop.set()  # those that wait for their turn see it; those that run come to their end
        follower.ended(name, run.outcomes[name])
    client.unsubscribe_topic(topic)


def _outcome(future: Any) -> dict[str, Any]:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Passing):
        return error.args[0]
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    words = {"kind": type(error).__name__, "what": what, "exit_code": 5}
    words["remedy"] = "Run the fleet again: its history and ledger say how far it came."
    return {"outcome": FAILED, "records": [], "error": words}


def _order(run: Run, seen: Surveyed, stop: str, given: dict[str, Any]) -> Order:
    pending = [run.plan.migration(version) for version in seen.waiting]
    member = next(m for m in run.fleet.members if m.name == seen.name)
    return Order(
        project=str(run.root),
        target=seen.name,
        notebooks=run.notebooks,
        parameters={**given, "target": seen.name, "mode": "apply", "approve": run.own_token(seen)},
        files={m.version: m.script.sha256 for m in pending},
        stop=stop,
        server=f"runbook-{seen.server or member.server}-{run.fleet.per_server}",
        per_server=run.fleet.per_server,
        run=run.id,
        topic=f"runbook-{run.id}",
        other_approver=second.required(),
    )
