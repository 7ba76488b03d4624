"""Where the embedded server sits: its folder, its system user, its programs, its socket.

PostgreSQL refuses to run as root. As root the server therefore gets another system user, and that
user must be able to reach the programs and the data. Nobody's folder is opened up for it: what lies
out of reach (below a home directory of mode 0700, say) gets a copy or a place of its own instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import EmbeddedUnavailable

SOCKET_BYTES = 103  # of a socket's path: 107 on Linux, 103 on macOS
UNQUOTABLE = frozenset("\"',:\n\\")  # separators and quotes in PostgreSQL's lists of folders


@dataclass(frozen=True)
class Seat:
    """A server's place on this machine."""

    folder: Path
    """Holds data/, extension/, socket/ and server.log."""
    user: int | None
    """Numeric system user to run as; None for the user we are."""
    group: int | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def identity(self) -> dict[str, object]:
        """Arguments for subprocess that make a program run as the server's user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own_folder(self, path: Path) -> Path:
        """Make a folder that only the server's user (and root) can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self.user}:
            raise EmbeddedUnavailable(
                f"{path} belongs to somebody else (uid {found.st_uid}).",
                remedy="Remove it, or set TMPDIR or RUNBOOK_HOME to a folder of your own.",
            )
        path.chmod(0o700)
        if self.user is not None:
            os.chown(path, self.user, self.group)
        return path

    def open_for_reading(self, folder: Path) -> None:
        """Let the server's user read the copies in here, whatever umask they were made under."""
        folder.chmod(0o755)
        for path in folder.rglob("*"):
            if not path.is_symlink():
                programs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if programs else 0o644)

    def delete(self, home: Path) -> None:
        """Delete everything but the lock files, which others may be waiting for."""
        (self.folder / "stamp").unlink(missing_ok=True)  # first: half deleted is made again
        sockets = self.socket_dir()
        if sockets.parent != self.folder:
            shutil.rmtree(sockets)
        if self.folder != home:
            shutil.rmtree(self.folder)
            (home / "server").unlink()
            return
        for path in [self.data, sockets, home / "extension", *home.glob("programs-*")]:
            if path.exists():
                shutil.rmtree(path)
        for path in home.glob("server.log*"):
            path.unlink()

    def socket_dir(self) -> Path:
        """A folder for the socket: inside the seat, or a short one when that path is too long."""
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        short = f"runbook-{os.geteuid()}-{name}"
        for path in (self.folder / "socket", Path(tempfile.gettempdir(), short)):
            if len(os.fsencode(path)) + len("/.s.PGSQL.5432") <= SOCKET_BYTES and (
                path.parent == self.folder or self.fits(path.parent)
            ):
                return self.own_folder(path)
        return self.own_folder(Path("/tmp", short))

    def fits(self, folder: Path) -> bool:
        """Can the server work below this folder: its user reach it, its settings name it?"""
        named = not UNQUOTABLE & set(str(folder))
        return named and (self.user is None or reachable(folder, self.user))


def find(home: Path) -> Seat:
    """Choose folder and user for the server of this home, the same ones every time.

    Args:
        home: an existing folder that we may write.

    Raises:
        EmbeddedUnavailable: no system user, or no folder that it can reach.
    """
    user, group = (None, None) if os.geteuid() != 0 else server_user(home)
    here = Seat(home, user, group)
    return here if here.fits(home) else Seat(elsewhere(home, here), user, group)


def server_user(home: Path) -> tuple[int, int]:
    """The system user for a server started by root.

    The owner of the data, or of the home folder, where that is an ordinary user (a project mounted
    into a container); else `nobody`: it exists everywhere, so nothing is added to the machine.
    """
    import pwd

    places = (home / "server" / "data", home / "data", home)
    owner = next(path.stat().st_uid for path in places if path.exists())
    for candidate in (owner, "nobody", 65534):
        if candidate == 0:
            continue
        try:
            found = (
                pwd.getpwuid(candidate) if isinstance(candidate, int) else pwd.getpwnam(candidate)
            )
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise EmbeddedUnavailable(
        "PostgreSQL does not run as root, and this machine has no user 'nobody' to run it as.",
        remedy="Run the runbook as an ordinary user, or create the system user 'nobody'.",
    )


def reachable(path: Path, user: int) -> bool:
    """Can this user get at the path? Asked of the kernel, so that ACLs and mounts count too."""
    try:
        tried = subprocess.run(
            ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', str(path)],
            user=user,
            group=user,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except (PermissionError, OSError, subprocess.SubprocessError) as error:
        raise EmbeddedUnavailable(
            f"PostgreSQL does not run as root, and we may not become user {user}: {error}",
            remedy="Run the runbook as an ordinary user.",
        ) from None
    return tried.returncode == 0


def elsewhere(home: Path, here: Seat) -> Path:
    """A folder outside of home, which `home/server` points at.

    The pointer is what counts: when it is gone a new folder is made, so a home that was deleted
    by hand never finds its old databases again.
    """
    pointer = home / "server"
    if pointer.is_dir():
        return pointer.resolve()
    pointer.unlink(missing_ok=True)
    for base in ("/var/lib", tempfile.gettempdir(), "/tmp"):
        try:
            folder = Path(tempfile.mkdtemp(prefix="runbook-", dir=base))
        except OSError:
            continue
        folder.chmod(0o700 if here.user is None else 0o755)
        if here.fits(folder):
            pointer.symlink_to(folder)
            return folder
        folder.rmdir()
    raise EmbeddedUnavailable(
        f"The server's system user cannot reach {home}, nor any temporary folder.",
        remedy="Set RUNBOOK_HOME to a folder that every user of this machine may enter.",
    )


@dataclass(frozen=True)
class Programs:
    """PostgreSQL as it is installed: folders that keep their places to each other."""

    root: Path
    parts: tuple[str, ...]
    """The first holds bin, lib and share."""

    @property
    def install(self) -> Path:
        return self.root / self.parts[0]


def reach(programs: Programs, place: Seat) -> Path:
    """The folder with bin, lib and share that the server's user can run.

    A copy inside the seat when the original is out of its reach: in a virtual environment below
    /root, for example, or one that was installed under a strict umask.
    """
    postgres = programs.install / "bin" / "postgres"
    quotable = not UNQUOTABLE & set(str(programs.install))
    if quotable and (place.user is None or reachable(postgres, place.user)):
        return programs.install
    found = postgres.stat()
    copy = place.folder / f"programs-{found.st_size}-{int(found.st_mtime)}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=place.folder))
        skip = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc")
        for part in programs.parts:
            if (programs.root / part).is_dir():
                shutil.copytree(programs.root / part, fresh / part, ignore=skip, symlinks=True)
        place.open_for_reading(fresh)
        fresh.rename(copy)
    return copy / programs.parts[0]


def make_home(home: Path) -> None:
    """Create the home folder; made by root, others may pass through it, as data/ stays closed."""
    if not home.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            home.chmod(0o755)


def holds_server(home: Path) -> bool:
    """Whether a server was made here before: looked at, not asked."""
    return any((place / "stamp").exists() for place in (home, home / "server"))


def log_of(home: Path) -> Path:
    """The server's log, wherever its seat is."""
    away = home / "server"
    return (away if away.is_dir() else home) / "server.log"
