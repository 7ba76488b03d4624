"""How long does a migration make everybody else wait?

    python tests/benchmarks/stall.py [--reader-seconds 20]

A load (pgbench) reads and writes a table. A forgotten session has read from it and stays idle in
its transaction. Then a migration alters the table: through the runbook's engine, through psql, and
through the Supabase CLI where one is to be had (on the PATH, or from npm). Whoever queues for the
table's lock without a limit makes the whole load queue behind it.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg
from runbook import embedded, history, ledger
from runbook.apply import apply
from runbook.applying.waiting import Limits
from runbook.ledger import Author
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.target import open_target

VERSION = "20260101000001"
SQL = "alter table public.busy add column note text;\n"
# One statement each: what is measured is how long somebody waits for an answer.
LOAD = {
    "write.sql": "\\set id random(1, 1000)\nupdate public.busy set n = n + 1 where id = :id;\n",
    "read.sql": "\\set id random(1, 1000)\nselect n from public.busy where id = :id;\n",
}
PLAN = f"""\
project = "Stall"
[[phase]]
id = "one"
title = "One"
notebook = "01_one.ipynb"
  [[phase.migration]]
  version = "{VERSION}"
  risk = "low"
  why = "A column"
"""
HEAD_S, TAIL_S = 2, 4


class Measured(NamedTuple):
    """One tool: the load's longest single transaction, and what became of the migration."""

    tool: str
    longest_s: float
    transactions: int
    took_s: float
    outcome: str


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--reader-seconds", type=int, default=20)
    reader_s = options.parse_args().reader_seconds
    with tempfile.TemporaryDirectory(prefix="runbook-stall-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        _project(root)
        home = embedded.home(root)
        try:
            server = production_state.server(root)
            tools: dict[str, Callable[[str], str]] = {
                "runbook": lambda name: _runbook(root, name),
                "psql": lambda name: _psql(server, root, name),
            }
            supabase = _supabase_cli(root)
            if supabase:
                tools["Supabase CLI"] = lambda name: _supabase(supabase, server, root, name)
            found = [_measure(server, root, tool, work, reader_s) for tool, work in tools.items()]
        finally:
            production_state.release(root)
            embedded.reset(home)
    limit = Limits().lock_timeout_ms / 1000
    print(f"A reader idle in transaction for {reader_s} s; lock_timeout {limit:g} s.\n")
    print(f"{'tool':<14}{'longest stall':>14}{'transactions':>14}{'migration':>11}  outcome")
    for each in found:
        print(f"{each.tool:<14}{each.longest_s:>12.2f} s{each.transactions:>14}"
              f"{each.took_s:>9.1f} s  {each.outcome}")  # fmt: skip
    if not supabase:
        print("\nThe Supabase CLI was not found, on the PATH or in npm.")


def _measure(
    server: embedded.Server, root: Path, tool: str, work: Callable[[str], str], reader_s: int
) -> Measured:
    name = "stall_" + tool.lower().replace(" ", "_")
    conninfo = embedded.database(server, name)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("create table public.busy (id int primary key, n int not null default 0)")
        conn.execute("insert into public.busy select generate_series(1, 1000)")
        conn.execute("alter table public.busy enable row level security")
    logs = root / name
    logs.mkdir()
    for file, text in LOAD.items():
        (logs / file).write_text(text)
    seconds = HEAD_S + reader_s + TAIL_S
    load = subprocess.Popen(
        [server.bin_dir / "pgbench", "-n", "-f", "write.sql", "-f", "read.sql", "-c", "2",
         "-R", "100", "-T", str(seconds), "--log", conninfo],
        cwd=logs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(HEAD_S)
    reader = threading.Thread(target=_reader, args=(conninfo, reader_s))
    reader.start()
    time.sleep(0.5)
    began = time.monotonic()
    outcome = work(name)
    took = time.monotonic() - began
    reader.join()
    load.wait()
    # client, transaction, latency in µs, script, second, µs, and with -R the lag before its start
    latencies = [
        int(words[2]) - (int(words[6]) if len(words) > 6 else 0)
        for log in logs.glob("pgbench_log.*")
        for line in log.read_text().splitlines()
        if (words := line.split())[2].isdigit()
    ]
    return Measured(tool, max(latencies) / 1e6, len(latencies), took, outcome)


def _reader(conninfo: str, seconds: int) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute("select from public.busy limit 1")
        time.sleep(seconds)


def _runbook(root: Path, name: str) -> str:
    target = open_target(f"embedded:{name}", root)
    migration = read_plan(root).migration(VERSION)
    with target.connect(purpose="stall") as conn:
        history.ensure(conn)
        ledger.ensure(conn)
        applied = apply(target, conn, migration, Author("stall", "stall"), Limits())
    return f"applied, attempt {applied.attempts}"


def _psql(server: embedded.Server, root: Path, name: str) -> str:
    file = next((root / "migrations").glob("*.sql"))
    done = subprocess.run(
        [server.bin_dir / "psql", "-X", "-q", "-1", "-f", file, server.conninfo(name)],
        capture_output=True, check=False,
    )  # fmt: skip
    return "applied" if done.returncode == 0 else f"exit {done.returncode}"


def _supabase(program: str, server: embedded.Server, root: Path, name: str) -> str:
    work = root / "cli"
    (work / "supabase").mkdir(parents=True, exist_ok=True)
    shutil.copytree(root / "migrations", work / "supabase" / "migrations", dirs_exist_ok=True)
    (work / "supabase" / "migrations" / "plan.toml").unlink(missing_ok=True)
    with _tcp(server.socket_dir / f".s.PGSQL.{server.port}") as port:
        url = f"postgresql://postgres:none@127.0.0.1:{port}/{name}?sslmode=disable"
        done = subprocess.run(
            [program, "db", "push", "--yes", "--workdir", work, "--db-url", url],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    if done.returncode == 0:
        return "applied"
    return f"exit {done.returncode}: {done.stderr.strip().splitlines()[-1][:60]}"


@contextmanager
def _tcp(unix: Path) -> Iterator[int]:
    """The server's socket on a TCP port of this machine: the Supabase CLI knows nothing else."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(str(unix))
                for pair in ((client, there), (there, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def _supabase_cli(root: Path) -> str | None:
    found = shutil.which("supabase")
    npm = shutil.which("npm")
    if found or not npm:
        return found
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(root / "npm"), "supabase"]
    subprocess.run(install, capture_output=True, check=False, timeout=300)
    made = root / "npm" / "node_modules" / ".bin" / "supabase"
    return str(made) if made.exists() else None


def _project(root: Path) -> None:
    folder = root / "migrations"
    folder.mkdir()
    (folder / "plan.toml").write_text(PLAN)
    (folder / f"{VERSION}_note.sql").write_text(SQL)


if __name__ == "__main__":
    main()
