"""What 100 and 1,000 small files cost: ours through all five stages, beside the other tools.

    make bench-files                                     written to docs/benchmarks-files.md
    python tests/benchmarks/files.py --files 100 --rounds 1 --output -       printed only

Each generated file makes a table with a foreign key to an earlier one, an index and a policy. Every
round measures each contender once, in turn, on a database of its own: applying all of them, then
once more with nothing left to do. Ours is the engine, without notebooks: precheck with its trial on
a twin, apply, verify, test and checkpoint of every file; the others only apply (sqitch verifies).
CPU seconds are those of the client's processes and of the server.

Not a test, and no part of `make test`: a timing belongs to a machine and a date.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).resolve().parents[1]))
from benchmarks.peers import Peer, peers
from benchmarks.run import ROOT, STAGES, Seen, machine, measured
from relay import by_tcp

ROUNDS = {100: 3, 1_000: 1}
PSQL, ONE = "psql -1 -f, a process per file", "psql -1 -f, one transaction"
ENGINE = "engine alone: all stages, no notebook"
AGAIN, STATUS = "runbook run: nothing to apply", "runbook status"
GOALS = {ENGINE: "≤ 1.0 × psql", AGAIN: "≤ 0.5 s", STATUS: "≤ 1 s"}
MIGRATION = """\
create table public.{name} (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null,
    up_id uuid references public.{up} (id) on delete cascade,
    title text not null check (title <> '')
);
create index {name}_up_id_idx on public.{name} (up_id);
alter table public.{name} enable row level security;
create policy "own rows" on public.{name} for select to authenticated
    using (owner_id = (select auth.uid()));
"""
HEAD = 'project = "Files"\n[[phase]]\nid = "files"\ntitle = "Files"\nnotebook = "01_files.ipynb"\n'
ENTRY = """\
  [[phase.migration]]
  version = "{version}"
  risk = "low"
  why = "One table"
  tables = ["public.{name}"]
"""


def generate(root: Path, count: int) -> list[Path]:
    """A project of so many files; each table refers to one of the earlier half, or to itself."""
    folder = root / "migrations"
    folder.mkdir(parents=True)
    files, plan = [], [HEAD]
    for number in range(count):
        version, name = str(20260101000000 + number), f"t_{number:04}"
        files.append(folder / f"{version}_{name}.sql")
        files[-1].write_text(MIGRATION.format(name=name, up=f"t_{number // 2:04}"))
        plan.append(ENTRY.format(version=version, name=name))
    (folder / "plan.toml").write_text("".join(plan))
    return files


def engine(name: str) -> None:
    """Every file through all stages, as its cells would; those that are done already, not again."""
    from runbook.in_hand.opened import open_phase

    opened = open_phase("files", target=f"embedded:{name}", project=Path.cwd())
    pending = {migration.version for migration in opened.pending()}
    for migration in opened.definition.migrations:
        if migration.version in pending:
            step = opened[migration.key]
            for stage in STAGES:
                getattr(step, stage)()


def one_round(number: int, project: Path, files: list[Path], home: Path) -> dict[str, Seen | str]:
    """Each contender once; or why it was left out."""
    from runbook import target
    from runbook.postgres import production_state

    def fresh(name: str) -> str:
        conninfo = production_state.conninfo(project, name)
        target.open_target(f"embedded:{name}", project).connect().close()
        return conninfo

    server = production_state.server(project)
    psql = [str(server.bin_dir / "psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d"]
    here = {"home": home, "cwd": project}
    one = [argument for file in files for argument in ("-f", str(file))]
    found: dict[str, Seen | str] = {}
    conninfo = fresh(f"psql_{number}")
    each = (
        'd="$1"; shift; for f in "$@"; do ' + " ".join(psql[:-1]) + ' -d "$d" -f "$f" || exit; done'
    )
    found[PSQL] = measured(["sh", "-c", each, "sh", conninfo, *map(str, files)], **here)
    found[ONE] = measured([*psql, fresh(f"one_{number}"), *one], **here)
    relay = by_tcp(server.socket_dir / f".s.PGSQL.{server.port}")
    with tempfile.TemporaryDirectory() as folder, relay as port:
        others: list[Peer] = peers(
            files, lambda name: fresh(f"{name}_{number}"), Path(folder), applied=[], tcp_port=port
        )
        for peer in others:
            for said in (peer.name, f"{peer.name}, again"):
                found[said] = peer.left_out or measured(
                    list(peer.command), home=home, cwd=peer.folder
                )
    name = f"engine_{number}"
    fresh(name)
    found[ENGINE] = measured([sys.executable, __file__, "--engine", name], **here)
    runbook, where = [sys.executable, "-m", "runbook"], ["--target", f"embedded:{name}"]
    found[AGAIN] = measured([*runbook, "run", *where], **here)
    found[STATUS] = measured([*runbook, "status", *where], **here)
    return found


def table(rounds: list[dict[str, Seen | str]]) -> str:
    """Medians, and ratios to psql."""
    lines = [
        "| | wall s | CPU s | × psql wall | × psql CPU | largest process MB | goal |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]

    def middle(name: str, field: str) -> float:
        return statistics.median(getattr(seen[name], field) for seen in rounds)

    for name, seen in rounds[0].items():
        if isinstance(seen, str):
            continue
        wall, cpu, peak = (middle(name, field) for field in ("wall_s", "cpu_s", "peak_mb"))
        lines.append(
            f"| {name} | {wall:.2f} | {cpu:.2f} | {wall / middle(PSQL, 'wall_s'):.2f} |"
            f" {cpu / middle(PSQL, 'cpu_s'):.2f} | {peak:.0f} | {GOALS.get(name, '')} |"
        )
    left_out = sorted({said for said in rounds[0].values() if isinstance(said, str)})
    return "\n".join(lines + [f"\nLeft out: {said}." for said in left_out])


def measure(count: int, rounds: int) -> str:
    """The section about so many files."""
    from runbook.postgres import production_state

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server may run as another user, and then sits elsewhere
        home, project = Path(folder) / "home", Path(folder) / "project"
        os.environ["RUNBOOK_HOME"] = str(home)
        files, seen = generate(project, count), []
        try:
            for number in range(1, rounds + 1):
                seen.append(one_round(number, project, files, home))
                print(f"{count} files, round {number} of {rounds}", file=sys.stderr)
        finally:
            production_state.release(project)
    how = "one round" if rounds == 1 else f"medians of {rounds} rounds"
    return f"## {count:,} files, {how}\n\n{table(seen)}\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--files", type=int, nargs="*", default=list(ROUNDS))
    options.add_argument("--rounds", type=int, help="of each; 3 of 100 files and 1 of 1,000 else")
    options.add_argument("--output", default=str(ROOT / "docs" / "benchmarks-files.md"))
    options.add_argument("--engine", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.engine:
        engine(given.engine)
        return
    before = psutil.cpu_percent(1)
    sections = [measure(count, given.rounds or ROUNDS.get(count, 1)) for count in given.files]
    others = "idle" if before < 15 else f"busy: {before:.0f} % was used by others at the start"
    text = (
        "# Many small files\n\n"
        "Written by `make bench-files`; tests/benchmarks/files.py says how each figure is made.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}. {machine()}. The machine was {others}.\n\n"
        + "\n".join(sections)
    )
    print(text)
    if given.output != "-":
        Path(given.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
