"""The load: a read and a write on each table, so many times a second, and how long each took.

pgbench does it, in processes of its own: threads of ours would wait for Python, and count that as
the database's. It sends at its own pace whether answers come or not, and counts from when a request
was due: a stall is felt by everybody who comes meanwhile, and not once. What it writes it takes
back.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from ..resources import query
from .felt import Request, Stream

A_SECOND = 50
READ, WRITE = "read", "write"
_LONGEST_S = 3_600
_GRACE_S = 20


@dataclass(frozen=True)
class Source:
    """One kind of request on one table, again and again."""

    kind: str
    table: str
    script: str


def sources(conn: psycopg.Connection, table: str) -> list[Source]:
    """What an application would ask of a table as it is now: its columns, by name.

    Args:
        table: schema and name, quoted where they must be.
    """
    columns = conn.execute(query("load_columns"), {"table": table}).fetchall()
    named = [sql.Identifier(name) for name, _ in columns]
    written = next((sql.Identifier(name) for name, writable in columns if writable), None)
    where = sql.SQL(table)  # type: ignore[arg-type]  # as PostgreSQL quoted it
    found = []
    if named:
        read = sql.SQL("select {} from {} limit 1;\n").format(sql.SQL(", ").join(named), where)
        found.append(Source(READ, table, read.as_string(conn)))
    if written:
        write = sql.SQL(
            "begin;\nupdate {table} set {column} = {column}"
            " where ctid = any (array(select ctid from {table} limit 1));\nrollback;\n"
        ).format(table=where, column=written)
        found.append(Source(WRITE, table, write.as_string(conn)))
    return found


class Traffic:
    """The load while it runs.

    Attributes:
        began: wall clock; a Stream counts from it.
        streams: what became of each source; there when the load has ended.
    """

    def __init__(self, wanted: Sequence[Source]) -> None:
        self.wanted = tuple(wanted)
        self.began = time.time()
        self.streams: list[Stream] = []

    def now(self) -> float:
        """Seconds since it began."""
        return time.time() - self.began


@contextmanager
def running(
    pgbench: Path, conninfo: str, wanted: Sequence[Source], folder: Path
) -> Iterator[Traffic]:
    """Keep these requests coming for as long as the block runs.

    Args:
        pgbench: the program.
        conninfo: of an embedded database.
        folder: an empty one, for its scripts and logs.
    """
    traffic = Traffic(wanted)
    with ExitStack() as stack:
        started = [
            stack.enter_context(_pgbench(pgbench, conninfo, source, number, folder))
            for number, source in enumerate(wanted)
        ]
        yield traffic
        for process in started:
            process.send_signal(signal.SIGALRM)  # as its own clock does: it ends, and writes down
        for number, (source, process) in enumerate(zip(wanted, started, strict=True)):
            said = _ended(process)
            requests = tuple(_read(folder, number, traffic.began))
            traffic.streams.append(Stream(source.kind, source.table, requests, _error(said)))


def name_of(number: int) -> str:
    """The application_name of a source's session."""
    return f"runbook load {number}"


@contextmanager
def _pgbench(
    pgbench: Path, conninfo: str, source: Source, number: int, folder: Path
) -> Iterator[subprocess.Popen[str]]:
    script = folder / f"{number}.sql"
    script.write_text(source.script, encoding="utf-8")
    command = [pgbench, "--no-vacuum", f"--file={script}", f"--rate={A_SECOND}", "--log",
               f"--log-prefix={folder / str(number)}_log", f"--time={_LONGEST_S}",
               conninfo]  # fmt: skip
    environment = {**os.environ, "PGAPPNAME": name_of(number)}
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ended(process: subprocess.Popen[str]) -> str:
    """What it said on standard error."""
    try:
        return process.communicate(timeout=_GRACE_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return f"ERROR: no answer within {_GRACE_S} s after the apply\n"


def _read(folder: Path, number: int, began: float) -> Iterator[Request]:
    """client, transaction, latency in µs, script, second and µs of its end, lag in µs"""
    for log in sorted(folder.glob(f"{number}_log.*")):
        for line in log.read_text().splitlines():
            words = line.split()
            if words[2].isdigit():  # else it was skipped, or failed
                took_s = int(words[2]) / 1e6
                ended = int(words[4]) + int(words[5]) / 1e6 - began
                yield Request(ended - took_s, took_s * 1000)


def _error(said: str) -> str:
    """The server's word on the request at which pgbench gave up; "" when it did not."""
    lines = (line.partition("ERROR:")[2].strip() for line in said.splitlines())
    return next(filter(None, lines), "")
