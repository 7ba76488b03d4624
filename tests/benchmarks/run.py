"""How long a whole run takes, beside what psql needs for the same files.

    make bench                                    five rounds, written to docs/benchmarks.md
    python tests/benchmarks/run.py --rounds 1 --output -     one round, printed only

Every round measures each contender once, in turn, so that a busy minute hits all of them; what is
shown are medians, and ratios to psql in the same table. Each contender gets a new database in the
production state (baseline and seed, the rest pending); the headless run even a new server, made by
initdb within the time that is measured. CPU seconds are those of the client processes and of the
server together: they tell a slow machine from a busy one.

Not a test, and no part of `make test`: a timing belongs to a machine and a date.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

sys.path.append(str(Path(__file__).resolve().parents[1]))
from benchmarks import proofs
from benchmarks.peers import Peer, peers
from relay import by_tcp

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("precheck", "apply", "verify", "test", "acknowledge", "checkpoint")
PSQL = "psql -1 -f, a process per file"
PROOFS = "the proofs' statements by psql, nothing looked at"
ENGINE = "engine alone: all stages, no notebook"
HEADLESS = "runbook run: notebooks, records, a new server"
AGAIN = "runbook run again: nothing to apply"
STATUS = "runbook status"
GOALS = {HEADLESS: "≤ 20 s (ambition 10 s)", STATUS: "≤ 1 s", ENGINE: "≤ 2.5 × psql"}


class Seen(NamedTuple):
    """One contender, once: seconds of wall time and of CPU; MB of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class Watch(threading.Thread):
    """The CPU time and the largest resident size among a process, its descendants, a server."""

    def __init__(self, process: psutil.Process, home: Path) -> None:
        super().__init__(daemon=True)
        self._process, self._home, self._over = process, home, threading.Event()
        self._cpu: dict[tuple[int, float], float] = {}
        self._base = self._server_cpu()
        self.server_s = self.peak_mb = 0.0

    def run(self) -> None:
        while not self._over.wait(0.05):
            self._look()

    def finish(self) -> None:
        self._look()
        self._over.set()
        self.join()

    def _look(self) -> None:
        # Resident memory of a server's process counts the shared buffers it touched: left out.
        with suppress(psutil.Error):
            for each in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.Error):
                    if each.name() != "postgres":
                        self.peak_mb = max(self.peak_mb, each.memory_info().rss / 2**20)
        self.server_s = max(self.server_s, self._server_cpu() - self._base)

    def _server_cpu(self) -> float:
        """Of the home's server: the postmaster, its backends, and those that have ended."""
        total = 0.0
        with suppress(psutil.Error, OSError, ValueError):  # none, or one that is being made
            pid = (self._home / "data" / "postmaster.pid").read_text().split()[0]
            postmaster = psutil.Process(int(pid))
            total = sum(postmaster.cpu_times()[:4])
            for backend in postmaster.children():
                with suppress(psutil.Error):
                    total += sum(backend.cpu_times()[:2])
        return total


def measured(command: list[str], *, home: Path, cwd: Path) -> Seen:
    """Run it, and watch."""
    environment = {**os.environ, "RUNBOOK_HOME": str(home)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # where people work, it is written
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    watch = Watch(psutil.Process(process.pid), home)
    watch.start()
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    watch.finish()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{said.decode(errors='replace')}")
    return Seen(wall, used.ru_utime + used.ru_stime + watch.server_s, watch.peak_mb)


def engine(name: str) -> None:
    """Every migration through all stages, as its cells would; in a process of its own."""
    from runbook.in_hand.opened import open_phase
    from runbook.plan_file import read_plan

    for phase in read_plan(Path.cwd()).phases:
        opened = open_phase(phase.id, target=f"embedded:{name}", project=Path.cwd())
        for migration in phase.migrations:
            for stage in STAGES:
                if work := getattr(opened[migration.name], stage, None):
                    work()


def one_round(number: int, project: Path, home: Path) -> tuple[dict[str, Seen], list[Peer]]:
    """Each contender once; and the peers that were left out."""
    from runbook import target
    from runbook.plan_file import read_plan
    from runbook.postgres import production_state

    def fresh(name: str) -> str:
        conninfo = production_state.conninfo(project, name)
        target.open_target(f"embedded:{name}", project).connect().close()
        return conninfo

    psql = production_state.server(project).bin_dir / "psql"
    runbook = [sys.executable, "-m", "runbook"]
    baseline, *files = sorted((project / "migrations").glob("2*.sql"))
    assert len(files) == 12, [file.name for file in files]
    conninfo = fresh(f"psql_{number}")
    raw = [
        measured(
            [str(psql), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", str(file)],
            home=home, cwd=project,
        )
        for file in files
    ]  # fmt: skip
    fresh(f"engine_{number}")
    server = production_state.server(project)
    relay = by_tcp(server.socket_dir / f".s.PGSQL.{server.port}")
    with tempfile.TemporaryDirectory() as folder, relay as port:
        others = peers(
            files, lambda name: fresh(f"{name}_{number}"), Path(folder),
            applied=[baseline], tcp_port=port,
        )  # fmt: skip
        seen = {
            peer.name: measured(list(peer.command), home=home, cwd=peer.folder)
            for peer in others
            if not peer.left_out
        }
    conninfo = fresh(f"proofs_{number}")
    place = home / f"copies_{number}"
    place.mkdir()
    statements = proofs.script(
        read_plan(project), server.bin_dir, conninfo,
        superuser=server.conninfo("{name}", "supabase_admin"), twin=server.conninfo("{name}"),
        folder=place,
    )  # fmt: skip
    new = home / f"server_{number}"
    status = [*runbook, "status", "--target", f"embedded:psql_{number}"]
    found = {
        PSQL: Seen(sum(s.wall_s for s in raw), sum(s.cpu_s for s in raw), max(raw)[2]),
        **seen,
        PROOFS: measured(["sh", "-c", statements], home=home, cwd=project),
        ENGINE: measured(
            [sys.executable, __file__, "--engine", f"engine_{number}"], home=home, cwd=project
        ),
        HEADLESS: measured([*runbook, "run"], home=new, cwd=project),
        AGAIN: measured([*runbook, "run"], home=new, cwd=project),
        STATUS: measured(status, home=home, cwd=project),
    }
    shutil.rmtree(new)
    return found, [peer for peer in others if peer.left_out]


def table(rounds: list[dict[str, Seen]]) -> str:
    """Medians, and the ratio to psql."""

    def middle(name: str, pick: Callable[[Seen], float]) -> float:
        return statistics.median(pick(seen[name]) for seen in rounds)

    lines = [
        "| | wall s | fastest s | CPU s | × psql wall | × psql CPU | largest process MB | goal |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for name in rounds[0]:
        wall, cpu = middle(name, lambda s: s.wall_s), middle(name, lambda s: s.cpu_s)
        fastest = min(seen[name].wall_s for seen in rounds)
        peak = max(seen[name].peak_mb for seen in rounds)
        raw_wall, raw_cpu = middle(PSQL, lambda s: s.wall_s), middle(PSQL, lambda s: s.cpu_s)
        lines.append(
            f"| {name} | {wall:.2f} | {fastest:.2f} | {cpu:.2f} | {wall / raw_wall:.1f} |"
            f" {cpu / raw_cpu:.1f} | {peak:.0f} | {GOALS.get(name, '')} |"
        )
    return "\n".join(lines)


def _rounds(count: int) -> str:
    return "one round" if count == 1 else f"medians of {count} rounds"


def machine() -> str:
    """What it was measured on: no names, no paths."""
    model = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GB; {platform.system()},"
        f" Python {platform.python_version()}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--output", default=str(ROOT / "docs" / "benchmarks.md"))
    options.add_argument("--engine", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.engine:
        engine(given.engine)
        return
    before = psutil.cpu_percent(1)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server may run as another user, and then sits elsewhere
        home, project = Path(folder) / "home", Path(folder) / "project"
        shutil.copytree(ROOT / "migrations", project / "migrations")
        os.environ["RUNBOOK_HOME"] = str(home)
        from runbook import notebooks
        from runbook.plan_file import read_plan
        from runbook.postgres import production_state

        (project / "notebooks").mkdir()
        notebooks.write_notebooks(read_plan(project), project / "notebooks")
        rounds = []
        try:
            for number in range(1, given.rounds + 1):
                seen, absent = one_round(number, project, home)
                rounds.append(seen)
                print(f"round {number} of {given.rounds}", file=sys.stderr)
        finally:
            production_state.release(project)
    others = (
        "idle" if before < 15 else f"busy: {before:.0f} % of it was used by others at the start"
    )
    text = (
        "# Benchmarks\n\n"
        "Written by `make bench`; tests/benchmarks/run.py says how each figure is made.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {_rounds(given.rounds)}. {machine()}."
        f" The machine was {others}.\n\n{table(rounds)}\n\n"
        + "".join(f"Left out: {peer.name}: {peer.left_out}.\n" for peer in absent)
    )
    print(text)
    if given.output != "-":
        Path(given.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
