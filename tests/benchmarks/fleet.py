"""How many targets a minute a fleet gets through, and what a worker takes of memory.

    make bench-fleet                              three rounds, written to docs/benchmarks-fleet.md
    python tests/benchmarks/fleet.py --rounds 1 --targets 3 --output -     a short one, printed only

Every round measures each contender once, in turn: `runbook run` on one target after the other, and
`runbook fleet run` with one worker and with two, each on as many new databases of one embedded
server. Shown are medians, and ratios to one worker in the same table. The time of a fleet includes
the survey, the start and the end of its cluster, and the summary record.

Not a test: a timing belongs to a machine and a date.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.run import ROOT, Watch, machine
from runbook.notebooks import write_notebooks
from runbook.postgres import production_state
from runbook.target import open_target
from sandbox import Project

MIGRATION = (
    "create table public.notes (id int primary key);\n"
    "alter table public.notes enable row level security;\n"
)
SCENARIO = (
    "-- name: a visitor sees none\n-- as: anon\n-- expect: 0 rows\nselect id from public.notes;\n"
)
RUN, ONE, TWO = "`runbook run`, one after the other", "fleet, 1 worker", "fleet, 2 workers"
WORKER, KERNEL, OTHER = "worker", "kernel", "other"


class Seen(NamedTuple):
    """One contender, once: seconds for all targets, and MB of the largest of each kind."""

    wall_s: float
    cpu_s: float
    peak_mb: dict[str, float]


class Kinds(Watch):
    """Watch, which tells the workers from their kernels."""

    def __init__(self, process: psutil.Process, home: Path) -> None:
        self._kinds: dict[int, str] = {}
        self.peaks = dict.fromkeys((WORKER, KERNEL, OTHER), 0.0)
        super().__init__(process, home)

    def _look(self) -> None:
        with suppress(psutil.Error):
            for each in self._process.children(recursive=True):
                with suppress(psutil.Error):
                    kind = self._kinds.get(each.pid) or self._kind(each)
                    self.peaks[kind] = max(self.peaks[kind], each.memory_info().rss / 2**20)
        self.server_s = max(self.server_s, self._server_cpu() - self._base)

    def _kind(self, process: psutil.Process) -> str:
        words = " ".join(process.cmdline())
        kind = KERNEL if "kernel" in words else OTHER
        kind = WORKER if "spawn_main" in words else kind
        if kind != OTHER:  # between fork and exec a child still looks like its parent
            self._kinds[process.pid] = kind
        return kind


def measured(commands: list[list[str]], *, home: Path, cwd: Path) -> Seen:
    """Run them one after the other, and watch."""
    wall_s = cpu_s = 0.0
    peaks: dict[str, float] = {}
    for command in commands:
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            process = subprocess.Popen(command, cwd=cwd, stdout=said, stderr=subprocess.STDOUT)
            watch = Kinds(psutil.Process(process.pid), home)
            watch.start()
            _, status, used = os.wait4(process.pid, 0)
            wall_s += time.perf_counter() - began
            watch.finish()
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise SystemExit(f"{' '.join(command)}\n{said.read().decode(errors='replace')}")
        cpu_s += used.ru_utime + used.ru_stime + watch.server_s
        peaks = {kind: max(mb, peaks.get(kind, 0.0)) for kind, mb in watch.peaks.items()}
    return Seen(wall_s, cpu_s, peaks)


def one_round(project: Project, number: int, count: int, home: Path) -> dict[str, Seen]:
    """Each contender once, on databases of its own."""
    runbook = [sys.executable, "-m", "runbook"]
    found = {}
    for place, contender in enumerate((RUN, ONE, TWO)):
        targets = [f"embedded:t_{number}_{place}_{target}" for target in range(count)]
        for target in targets:
            open_target(target, project.root).connect().close()
        commands = [[*runbook, "run", "one", "--target", target] for target in targets]
        if contender != RUN:
            file = project.root / f"targets_{number}_{place}.toml"
            names = f'[[server]]\nname = "one"\ntargets = {json.dumps(targets)}\n'
            file.write_text(f'waves = ["100%"]\n{names}')
            commands = [[
                *runbook, "fleet", "run", "one", "--targets", str(file), "--mode", "apply",
                "--workers", str(place),
            ]]  # fmt: skip
        found[contender] = measured(commands, home=home, cwd=project.root)
        print(f"round {number}: {contender}: {found[contender].wall_s:.0f} s", file=sys.stderr)
    return found


def table(rounds: list[dict[str, Seen]], count: int) -> str:
    """Medians, and ratios to one worker."""

    def rate(seen: Seen) -> float:
        return 60 * count / seen.wall_s

    lines = [
        "| | targets a minute | × one worker | CPU s a target | largest worker MB | kernel MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in (RUN, ONE, TWO):
        a_minute = statistics.median(rate(seen[name]) for seen in rounds)
        ratio = statistics.median(rate(seen[name]) / rate(seen[ONE]) for seen in rounds)
        cpu_s = statistics.median(seen[name].cpu_s / count for seen in rounds)
        worker, kernel = (max(s[name].peak_mb[kind] for s in rounds) for kind in (WORKER, KERNEL))
        lines.append(
            f"| {name} | {a_minute:.1f} | {ratio:.2f} | {cpu_s:.1f} |"
            f" {f'{worker:.0f}' if worker else '–'} | {kernel:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write the page."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--targets", type=int, default=6)
    options.add_argument("--output", default=str(ROOT / "docs" / "benchmarks-fleet.md"))
    given = options.parse_args()
    before = psutil.cpu_percent(1)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home, root = Path(folder) / "home", Path(folder) / "project"
        root.mkdir()
        os.environ["RUNBOOK_HOME"] = str(home)
        project = Project(root, production_state.server(root), "unused")
        project.add("notes", MIGRATION, scenario=SCENARIO, tables=("public.notes",))
        write_notebooks(project.plan, root / "notebooks")
        try:
            numbers = range(1, given.rounds + 1)
            rounds = [one_round(project, n, given.targets, home) for n in numbers]
        finally:
            production_state.release(root)
    others = (
        "idle" if before < 15 else f"busy: {before:.0f} % of it was used by others at the start"
    )
    count = "one round" if given.rounds == 1 else f"medians of {given.rounds} rounds"
    text = (
        "# The fleet: targets a minute, and memory\n\n"
        "Written by `make bench-fleet`; tests/benchmarks/fleet.py says how each figure is made."
        f" One small migration through its notebook, on {given.targets} targets of one embedded"
        " server.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {count}. {machine()}. The machine was {others}.\n\n"
        f"{table(rounds, given.targets)}\n\n"
        "A fleet's time includes survey, start and end of the cluster, and summary; CPU seconds are"
        " those of all\nits processes and of the server, whose twins and tests are part of them.\n"
    )
    print(text)
    if given.output != "-":
        Path(given.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
