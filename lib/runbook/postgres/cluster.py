"""What the embedded server consists of: a data folder, its settings, its shape."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from ..plain.platform import PLAIN_HOME
from ..resources import folder
from . import postmaster
from .seat import Seat

PORT = 5432  # only a part of the socket's name: nothing listens on TCP
SUPERUSER = "supabase_admin"
TEMPLATE = "supabase_shape"

# Extensions in the wheel that Supabase lets `postgres` create; PostgreSQL itself asks for a
# superuser unless the control file says `trusted`.
# fmt: off
TRUSTED = (
    "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int",
    "dict_xsyn", "earthdistance", "fuzzystrmatch", "hstore", "insert_username", "intarray", "isn",
    "ltree", "moddatetime", "pg_buffercache", "pg_prewarm", "pg_stat_statements", "pg_trgm",
    "pg_walinspect", "pgrowlocks", "pgstattuple", "postgres_fdw", "refint", "seg", "tablefunc",
    "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "vector",
)
# fmt: on


def stamp(install: Path, home: Path) -> str:
    """What a data folder is made from: PostgreSQL's major version and the shape's files."""
    with (install / "share" / "postgres.bki").open("rb") as file:
        digest = hashlib.sha256(file.readline())
    for path in shape(home):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def shape(home: Path) -> list[Path]:
    """The files that make its databases look like a Supabase project's, or plain, in order."""
    kind = "plain" if home.name == PLAIN_HOME else "supabase"
    return sorted((folder(kind) / "shape").glob("*.sql"))


def admin(socket_dir: Path, dbname: str = "template1") -> psycopg.Connection:
    """An autocommit connection as the superuser, which the runbook itself never is."""
    return psycopg.connect(
        host=str(socket_dir),
        port=PORT,
        dbname=dbname,
        user=SUPERUSER,
        connect_timeout=30,
        application_name="runbook",
        autocommit=True,
    )


def init(place: Seat, install: Path) -> None:
    """Make an empty data folder, in place of what an interrupted start left there.

    Without syncing: a cluster that a power cut damages before it is stamped is made again.
    """
    if place.data.exists():
        postmaster.stop(place.data)
        shutil.rmtree(place.data)
    place.own_folder(place.data)
    made = subprocess.run(
        [
            install / "bin" / "initdb",
            f"--pgdata={place.data}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the socket's folder is what keeps others out
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        **place.identity(),
    )
    if made.returncode != 0:
        raise postmaster.DoesNotStart(made.stderr.strip())


def load_shape(place: Seat, install: Path, home: Path) -> None:
    """Turn a fresh, running cluster into the template that every database is a copy of."""
    sockets = postmaster.socket_dir(place.data)
    with admin(sockets) as conn:
        conn.execute("drop database postgres")
        conn.execute(f"create database {TEMPLATE} template template0")
    with admin(sockets, TEMPLATE) as conn:
        for path in shape(home):
            conn.execute(path.read_text(encoding="utf-8"))
    with admin(sockets) as conn:
        conn.execute(f"alter database {TEMPLATE} owner to postgres")
        conn.execute(f"alter database {TEMPLATE} with is_template true allow_connections false")
        configure(place, install)
        conn.execute("select pg_reload_conf()")
        conn.execute("checkpoint")


def configure(place: Seat, install: Path, *, fsync: bool = True) -> None:
    """Write the server's settings. At every start, because they name folders and folders move."""
    settings = {
        "listen_addresses": "",
        "runbook.embedded": "on",  # by which SQL can tell it
        "port": PORT,
        "unix_socket_directories": f'"{place.socket_dir()}"',
        "unix_socket_permissions": "0700",
        "extension_control_path": f"{place.folder}:$system",
        "shared_preload_libraries": "pg_stat_statements",
        # So that a test can say of each function and trigger whether a scenario called it.
        "track_functions": "all",
        "max_connections": 100,
        "max_locks_per_transaction": 256,
        "shared_buffers": "64MB",
        # Off only until the shape is loaded: what a migration commits survives a power cut.
        "fsync": "on" if fsync else "off",
        "synchronous_commit": "on",
        "wal_level": "logical",
        "max_logical_replication_workers": 0,
        "io_method": "sync",  # a small server needs no processes for reading ahead
        "max_wal_size": "512MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_checkpoints": "off",
        # A failing statement may hold a secret, and whoever sent it is told anyway.
        "log_min_error_statement": "panic",
    }
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    path = place.data / "postgresql.conf"
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o644)
    offer_extensions(place, install)


def offer_extensions(place: Seat, install: Path) -> None:
    """Put the stand-ins, and trusted control files of the wheel's own, ahead of the wheel's.

    Written anew only when they would differ: sixty small files are half of a warm start.
    """
    offered = place.folder / "extension"
    scripts = install / "share" / "extension"
    sources = sorted((folder("supabase") / "extension").iterdir())
    signature = "".join(
        f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}\n" for path in sources
    )
    signature += f"{scripts} {' '.join(TRUSTED)}\n"
    made_from = offered / "made-from"
    if made_from.exists() and made_from.read_text(encoding="utf-8") == signature:
        return
    offered.mkdir(exist_ok=True)
    for source in sources:
        shutil.copyfile(source, offered / source.name)
    for name in TRUSTED:
        text = (scripts / f"{name}.control").read_text(encoding="utf-8")
        text += f"\nsuperuser = true\ntrusted = true\ndirectory = '{scripts}'\n"
        (offered / f"{name}.control").write_text(text, encoding="utf-8")
    place.open_for_reading(offered)
    made_from.write_text(signature, encoding="utf-8")
