"""Other tools that apply SQL migrations, set up on the same files, for the benchmarks beside ours.

    npm install --prefix tests --no-save dbmate supabase        dbmate and the Supabase CLI
    apt-get install sqitch libdbd-pg-perl                       sqitch (Debian)

Each peer is set up in a folder of its own outside of what is measured, and is left out, with the
reason, where its program is not installed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from psycopg import conninfo

HERE = Path(__file__).resolve().parent
DBMATE, SUPABASE, SQITCH = "dbmate up", "Supabase CLI, db push", "sqitch deploy --verify"


class Peer(NamedTuple):
    """One tool, ready to run: what to type, and where; or why it is left out."""

    name: str
    command: Sequence[str] = ()
    folder: Path = HERE
    left_out: str = ""


def peers(
    files: Sequence[Path],
    target: Callable[[str], str],
    folder: Path,
    *,
    applied: Sequence[Path],
    tcp_port: int,
) -> list[Peer]:
    """Every tool, set up to apply these files, each to a database of its own.

    Args:
        files: the migrations, in order, named <version>_<name>.sql.
        target: makes a new database of this name and gives its conninfo.
        folder: where their files may be put.
        applied: files that each database holds already, in the Supabase CLI's history.
        tcp_port: on the loopback, for the one that cannot open a socket's file.
    """
    made = []
    for name, program, make in (
        (DBMATE, "dbmate", _dbmate),
        (SUPABASE, "supabase", _supabase),
        (SQITCH, "sqitch", _sqitch),
    ):
        path = os.pathsep.join(
            [str(HERE.parent / "node_modules" / ".bin"), os.environ.get("PATH", "")]
        )
        found = shutil.which(program, path=path)
        if not found:
            made.append(Peer(name, left_out=f"{program} is not installed"))
            continue
        place = folder / program
        place.mkdir(parents=True)
        url = _url(target(program), tcp_port if program == "supabase" else 0)
        own = [*applied, *files] if program == "supabase" else files
        made.append(Peer(name, make(found, own, url, place), place))
    return made


def _url(info: str, port: int) -> str:
    """The server's socket as a URL, or a port of the loopback: these tools take nothing else."""
    parts = conninfo.conninfo_to_dict(info)
    user, name = parts.get("user", "postgres"), parts["dbname"]
    if port:
        return f"postgres://{user}@127.0.0.1:{port}/{name}?sslmode=disable"
    return f"postgres://{user}@/{name}?host={parts['host']}&port={parts['port']}&sslmode=disable"


def _dbmate(program: str, files: Sequence[Path], url: str, place: Path) -> list[str]:
    for file in files:
        text = file.read_text(encoding="utf-8")
        (place / file.name).write_text(f"-- migrate:up\n{text}\n-- migrate:down\n")
    where = ["--migrations-dir", str(place), "--no-dump-schema"]
    return [program, "--url", url, *where, "up"]


def _supabase(program: str, files: Sequence[Path], url: str, place: Path) -> list[str]:
    folder = place / "supabase" / "migrations"
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)
    (place / "supabase" / "config.toml").write_text('project_id = "bench"\n')
    return [program, "db", "push", f"--remote={url}", "--yes", "--include-all"]


def _sqitch(program: str, files: Sequence[Path], url: str, place: Path) -> list[str]:
    for name in ("deploy", "verify"):
        (place / name).mkdir()
    (place / "sqitch.conf").write_text("[core]\n\tengine = pg\n[user]\n\tname = bench\n"
                                       "\temail = bench@example.com\n")  # fmt: skip
    lines = ["%syntax-version=1.0.0", "%project=bench", ""]
    for number, file in enumerate(files):
        name = file.stem.partition("_")[2]
        minute, second = divmod(number, 60)
        stamp = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:{second:02}Z"
        lines.append(f"{name} {stamp} bench <bench@example.com> # {name}")
        sql = file.read_text(encoding="utf-8")
        (place / "deploy" / f"{name}.sql").write_text(f"begin;\n{sql}\ncommit;\n")
        (place / "verify" / f"{name}.sql").write_text(_verify(sql))
    (place / "sqitch.plan").write_text("\n".join(lines) + "\n")
    return [program, "deploy", "--verify", url.replace("postgres://", "db:pg://", 1)]


def _verify(sql: str) -> str:
    """What people write by hand for sqitch: that each new table can be selected from."""
    from runbook.sql import split

    made = [s.node.relation for s in split(sql) if s.kind == "create_stmt"]
    looks = [f"select from {r.schemaname or 'public'}.{r.relname} where false;" for r in made]
    return "\n".join(["begin;", *looks, "rollback;", ""])
